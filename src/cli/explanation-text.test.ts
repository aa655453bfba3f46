import { describe, expect, it } from 'vitest';
import { meshOf } from '../../test/support/mesh-of.ts';
import { callOf } from '../../test/support/shop-mesh.ts';
import { explain } from '../policy/explain.ts';
import { explanationLines } from './explanation-text.ts';

const { mesh, rules } = meshOf({
  services: { web: { port: 8080 }, api: { port: 8080 } },
  policies: [
    { name: 'reads', allow: { from: 'web', to: 'api', methods: 'GET', paths: '/items/*' } },
    { name: 'no-secrets', deny: { from: 'authenticated', to: 'api', paths: '/items/secret' } },
    { name: 'watched', audit: { from: 'web', to: 'api', paths: '/items/odd' } },
  ],
});

const plain = { style: (text: string) => text };

function said(request: string, withFix = false): string {
  const call = callOf('web', 'api', request);
  return explanationLines(plain, call, explain(mesh, rules, call), { withFix }).join('\n');
}

describe('what can says', () => {
  it('of an allowed call: the policy, and where it stands', () => {
    expect(said('GET /items/1')).toMatch(
      /^allowed by "reads" at mesh\.yaml:\d+:\d+\n {2}spiffe:\/\/shop\.example\/web → api: GET \/items\/1$/,
    );
  });

  it('of a call that nothing allows: the nearest policy, each difference, and that there is a fix', () => {
    const lines = said('POST /other').split('\n');
    expect(lines[0]).toBe('denied by default: no policy allows it');
    expect(lines[2]).toMatch(/^nearest: "reads" at mesh\.yaml:\d+:\d+ would allow it, but$/);
    expect(lines.slice(3, 5)).toEqual([
      '  method is POST, and it takes GET',
      '  path is /other, and it takes /items/*',
    ]);
    expect(lines.at(-1)).toBe('to allow it, add --fix and paste what it prints');
  });

  it('with --fix: the policy to paste, at the end and alone', () => {
    const [, fix] = said('POST /other', true).split('to allow it, add under "policies:"\n\n');
    expect(fix).toMatch(/^ {2}- name: web-to-api\n {4}allow:\n(?: {6}.+\n){3} {6}paths: \/other$/);
  });

  it('of a call that a policy denies: that policy', () => {
    expect(said('GET /items/secret')).toMatch(/^denied by "no-secrets" at mesh\.yaml:/);
  });

  it('of a path that cannot be judged: why, and that no policy was asked', () => {
    expect(said('GET /items/a%2fb')).toMatch(/^refused with 400, whatever the policies say: .*"%2f"/);
    expect(said('GET /items/a%2fb')).not.toContain('nearest');
  });

  it('of a call that is audited: what the audit would do', () => {
    expect(said('GET /items/odd')).toMatch(/the audit policy "watched" at mesh\.yaml:\d+:\d+ would deny it$/);
  });

  it('never lets a path draw on the terminal', () => {
    expect(said('GET /\u001b[31mred')).not.toContain('\u001b');
  });
});
