import type { Worker } from '../api/types.ts';
import { ABSENT } from '../lib/number.ts';
import { Fact, Facts } from '../ui/Facts.tsx';
import { type Devices, summarise } from './worker.model.ts';

/** The fleet as a whole. */
export function FleetFacts({ workers }: { workers: Worker[] }) {
  const { live, draining, lost, gpus, cpus, power, limit } = summarise(workers);
  const others = [draining > 0 && `${draining} draining`, lost > 0 && `${lost} lost`].filter(Boolean);
  return (
    <Facts>
      <Fact name="Workers" note={others.join(', ') || 'none draining, none lost'}>
        {live} live
      </Fact>
      <Fact name="GPUs" note={withheld(gpus)}>
        {use(gpus)}
      </Fact>
      <Fact name="CPU slots" note={withheld(cpus)}>
        {use(cpus)}
      </Fact>
      <Fact name="GPU power" note={limit === undefined ? 'where NVML shows it' : `limit ${watts(limit)}`}>
        {power === undefined ? ABSENT : watts(power)}
      </Fact>
    </Facts>
  );
}

function use({ total, inUse }: Devices): string {
  return total === 0 ? 'none' : `${inUse} of ${total} in use`;
}

function withheld({ total, withheld }: Devices): string | undefined {
  if (total === 0) return undefined;
  return withheld === 0 ? 'all others free' : `${withheld} unavailable`;
}

function watts(power: number): string {
  return power < 10_000 ? `${Math.round(power)} W` : `${(power / 1000).toFixed(1)} kW`;
}
