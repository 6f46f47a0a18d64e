import { useMutation, useQueryClient } from '@tanstack/react-query';
import { queries } from '../api/queries.ts';

interface Control<T> {
  start(what: T): void;
  busy: boolean;
  /** Why it was refused the last time. */
  problem: string | undefined;
}

/** Something that is done to the fleet; whatever comes of it, the workers are read again. */
export function useControl<T = void>(act: (what: T) => Promise<unknown>): Control<T> {
  const client = useQueryClient();
  const { mutate, isPending, error } = useMutation({
    mutationFn: act,
    networkMode: 'always',
    onSettled: () => client.invalidateQueries({ queryKey: queries.workers().queryKey }),
  });
  return { start: mutate, busy: isPending, problem: error?.message };
}
