import { useMutation, useQueryClient } from '@tanstack/react-query';
import { lists } from '../api/queries.ts';

interface Control<T> {
  start(what: T): void;
  busy: boolean;
  /** Why the last try failed. */
  problem: string | undefined;
}

/** An action on the fleet. The workers are read again after it, even when it failed. */
export function useControl<T = void>(act: (what: T) => Promise<unknown>): Control<T> {
  const client = useQueryClient();
  const { mutate, isPending, error } = useMutation({
    mutationFn: act,
    networkMode: 'always',
    onSettled: () => client.invalidateQueries({ queryKey: lists.workers.queryKey }),
  });
  return { start: mutate, busy: isPending, problem: error?.message };
}
