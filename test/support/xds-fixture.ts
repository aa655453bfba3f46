import { afterEach } from 'vitest';
import { startXds, type XdsUnderTest, type XdsUnderTestOptions } from './xds-under-test.ts';

/** Starts servers for the tests of a file, and closes each after its test, with its clients. */
export function xdsFixture(): (options?: XdsUnderTestOptions) => Promise<XdsUnderTest> {
  const started: XdsUnderTest[] = [];
  afterEach(async () => {
    await Promise.all(started.splice(0).map((xds) => xds.close()));
  });
  return async (options) => {
    const xds = await startXds(options);
    started.push(xds);
    return xds;
  };
}
