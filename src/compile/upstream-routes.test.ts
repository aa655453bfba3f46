import { describe, expect, it } from 'vitest';
import { BUILT_IN } from '../mesh/settings.ts';
import { upstreamRoutes } from './upstream-routes.ts';

const routesWith = (attempts: number, ...on: string[]) =>
  upstreamRoutes('r', { prefix: '/' }, 'out|a|1', { ...BUILT_IN, retries: { attempts, on } });

const retryOn = (routes: ReturnType<typeof routesWith>) =>
  routes.map(({ route }) => route?.retry_policy?.retry_on);

describe('retries', () => {
  it('for all methods are those of requests that never reached the app', () => {
    expect(retryOn(routesWith(2, 'connect-failure', 'refused-stream'))).toEqual([
      'connect-failure,refused-stream',
    ]);
  });

  it('of anything else are for idempotent methods only, by a route of their own before the rest', () => {
    const [idempotent, rest] = routesWith(2, 'connect-failure', 'reset');
    expect(idempotent?.match?.headers?.[0]).toMatchObject({ name: ':method' });
    expect(retryOn([idempotent, rest] as ReturnType<typeof routesWith>)).toEqual([
      'connect-failure,reset',
      'connect-failure',
    ]);
  });

  it('on "unavailable" are on 503 as well, which is what it is called outside gRPC', () => {
    const [idempotent] = routesWith(2, 'unavailable');
    expect(idempotent?.route?.retry_policy).toMatchObject({
      retry_on: 'unavailable,retriable-status-codes',
      retriable_status_codes: [503],
    });
  });

  it('are off with no attempts', () => {
    expect(retryOn(routesWith(0, 'connect-failure', 'reset'))).toEqual([undefined]);
  });
});
