/** A log as a ring of lines, grown from slices. */
import type { LogSlice } from '../api/types.ts';

/** Lines that are kept. */
export const CAPACITY = 5000;

export interface LogBuffer {
  /** Whole lines, the newest last. */
  lines: readonly string[];
  /** Number of the first line that is kept, from 1. */
  first: number;
  /** The text after the last line break. */
  rest: string;
  /** Byte offset to ask for next. */
  offset: number;
}

export const EMPTY_LOG: LogBuffer = { lines: [], first: 1, rest: '', offset: 0 };

/** Appends a slice. A slice that does not begin at the end of the buffer is left out. */
export function append(buffer: LogBuffer, slice: LogSlice): LogBuffer {
  if (slice.offset !== buffer.offset || slice.text === '') return buffer;
  const parts = (buffer.rest + slice.text).split('\n').map((line) => line.replace(/\r$/, ''));
  const rest = parts.pop() ?? '';
  const lines = [...buffer.lines, ...parts];
  const dropped = Math.max(0, lines.length - CAPACITY);
  return { lines: lines.slice(dropped), first: buffer.first + dropped, rest, offset: slice.next_offset };
}

export interface LogView {
  buffer: LogBuffer;
  /** At least one answer has come. */
  read: boolean;
  error: string | undefined;
}

/** Asks for one slice after the other until there is no more. A pull during a pull is not lost. */
export class LogFollower {
  private view: LogView = { buffer: EMPTY_LOG, read: false, error: undefined };
  private pulling = false;
  private again = false;
  private stopped = false;

  constructor(
    private readonly read: (offset: number) => Promise<LogSlice>,
    private readonly show: (view: LogView) => void,
  ) {}

  async pull(): Promise<void> {
    this.again = true;
    if (this.pulling) return;
    this.pulling = true;
    while (this.again && !this.stopped) {
      this.again = false;
      await this.next();
    }
    this.pulling = false;
  }

  stop(): void {
    this.stopped = true;
  }

  private async next(): Promise<void> {
    try {
      const before = this.view.buffer;
      const buffer = append(before, await this.read(before.offset));
      this.again ||= buffer.offset > before.offset;
      this.view = { buffer, read: true, error: undefined };
    } catch (error) {
      this.view = { ...this.view, error: error instanceof Error ? error.message : String(error) };
    }
    if (!this.stopped) this.show(this.view);
  }
}
