/** Fails the build when the first page or the chart code grows past its budget (gzip, JavaScript only). */
import { gzipSync } from 'node:zlib';
import type { Plugin, Rolldown } from 'vite';

const KB = 1000;
const FIRST_PAGE = 180 * KB;
const CHARTS = 280 * KB;

type Chunk = Rolldown.OutputChunk;

export function budget(): Plugin {
  return {
    name: 'pedigree-budget',
    apply: 'build',
    generateBundle(_options, bundle) {
      const chunks = new Map(
        Object.values(bundle).flatMap((file) =>
          file.type === 'chunk' ? [[file.fileName, file] as const] : [],
        ),
      );
      const first = firstPage(chunks);
      const charts = [...chunks.values()].filter(draws);
      const leaked = first.filter(draws);
      if (leaked.length > 0) this.error(`the first page loads chart code: ${leaked.map((c) => c.fileName)}`);
      if (charts.length === 0) this.error('no chunk holds the chart library; was it renamed?');
      for (const [what, size, limit] of [
        ['first page', gzipped(first), FIRST_PAGE],
        ['charts', gzipped(charts), CHARTS],
      ] as const) {
        const report = `${what}: ${(size / KB).toFixed(1)} of ${limit / KB} kB gzip`;
        if (size > limit) this.error(`${report}; over budget`);
        this.environment.logger.info(report);
      }
    },
  };
}

/** The entry, the home route, and all that they import statically. */
function firstPage(chunks: Map<string, Chunk>): Chunk[] {
  const seen = new Set<string>();
  const visit = (name: string) => {
    const chunk = chunks.get(name);
    if (chunk === undefined || seen.has(name)) return;
    seen.add(name);
    chunk.imports.forEach(visit);
  };
  for (const chunk of chunks.values()) {
    if (chunk.isEntry || chunk.facadeModuleId?.includes('src/routes/index.tsx')) visit(chunk.fileName);
  }
  return [...chunks.values()].filter((chunk) => seen.has(chunk.fileName));
}

function draws(chunk: Chunk): boolean {
  return chunk.moduleIds.some((id) => /node_modules\/(echarts|zrender)\//.test(id));
}

function gzipped(chunks: Chunk[]): number {
  return chunks.reduce((sum, chunk) => sum + gzipSync(chunk.code).length, 0);
}
