import { Link } from '@tanstack/react-router';
import { PageTitle } from './PageTitle.tsx';

export function NotFound() {
  return (
    <>
      <PageTitle title="Not found">No such page</PageTitle>
      <p>
        There is nothing at this address. <Link to="/">All studies</Link>
      </p>
    </>
  );
}
