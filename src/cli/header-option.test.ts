import { describe, expect, it } from 'vitest';
import { joinedHeaders, parseHeaders } from './header-option.ts';

describe('--header', () => {
  it('is a name in any case, and a value without the space around it', () => {
    expect(parseHeaders(['X-Tenant:  eu-1 ', 'x-empty:', 'x-url: http://a:1/'])).toEqual([
      ['x-tenant', 'eu-1'],
      ['x-empty', ''],
      ['x-url', 'http://a:1/'],
    ]);
  });

  it('given twice is one header, joined in order as Envoy joins it', () => {
    expect(joinedHeaders(['x-a: 1', 'x-b: 2', 'X-A: 3'])).toEqual({ 'x-a': '1,3', 'x-b': '2' });
  });

  it.each(['x-tenant', ': value', 'x tenant: eu', 'x-tenant : eu', 'x-a: 1\nx-b: 2'])(
    'is none: %j',
    (line) => {
      expect(() => parseHeaders([line])).toThrow("is none: write 'name: value'");
    },
  );

  it('cannot reach into objects by its name', () => {
    const joined = joinedHeaders(['__proto__: x', 'constructor: y']);
    expect(Object.entries(joined)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
  });
});
