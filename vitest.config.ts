import { defineConfig } from 'vitest/config';

/**
 * `unit` beside the code, `golden` (compiled output against files and the real Envoy), `slow` (what takes seconds or
 * starts processes: left out of the daily check), `e2e`. Each e2e
 * file starts a mesh of Envoys, so these run alone, one file at a time, after the rest. The others share their modules,
 * since loading the Envoy API anew for each file would take longer than the tests.
 */
export default defineConfig({
  test: {
    maxWorkers: '100%',
    update: 'none', // a golden file that is missing is a failure; only `npm run golden` writes one
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'test/*.test.ts'],
          exclude: ['src/**/*.slow.test.ts'],
          isolate: false,
          testTimeout: 15_000,
        },
      },
      {
        test: {
          name: 'golden',
          include: ['test/golden/*.test.ts'],
          isolate: false,
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'slow',
          include: ['src/**/*.slow.test.ts', 'setup/*.test.ts'],
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
