import { describe, expect, it } from 'vitest';
import { type AuthorityStore, type AuthorityUse, openAuthority } from './authority-store.ts';

const now = Date.UTC(2026, 5, 1);
const HOUR_MS = 3_600_000;
const options = { mesh: 'shop', trustDomain: 'shop.example', lifetimeMs: HOUR_MS, now };

function memoryStore(): AuthorityStore & { readonly saved: Map<AuthorityUse, string> } {
  const saved = new Map<AuthorityUse, string>();
  return {
    saved,
    load: async (use) => {
      const pem = saved.get(use);
      return pem === undefined ? undefined : { pem, where: `"memory/${use}"` };
    },
    save: async (use, pem) => void saved.set(use, pem),
  };
}

describe('opening an authority', () => {
  it('makes and stores one at the first start and finds it at the next', async () => {
    const store = memoryStore();
    const first = await openAuthority(store, 'mesh', options);
    expect(await openAuthority(store, 'mesh', { ...options, now: now + 1 })).toEqual(first);
  });

  it('keeps the one of the mesh and the one of the xDS port apart', async () => {
    const store = memoryStore();
    const mesh = await openAuthority(store, 'mesh', options);
    const xds = await openAuthority(store, 'xds', options);
    expect(xds.id).not.toBe(mesh.id);
    expect([mesh.subject, xds.subject]).toEqual([
      'O=portcullis, CN=shop mesh authority',
      'O=portcullis, CN=shop xds authority',
    ]);
  });

  it('hands out none that could not be stored', async () => {
    const store = { ...memoryStore(), save: () => Promise.reject(new Error('disk full')) };
    await expect(openAuthority(store, 'mesh', options)).rejects.toThrow('disk full');
  });

  it('refuses another trust domain than the stored one', async () => {
    const store = memoryStore();
    await openAuthority(store, 'mesh', options);
    await expect(openAuthority(store, 'mesh', { ...options, trustDomain: 'b.example' })).rejects.toThrow(
      /trustDomain cannot change once an authority exists: .*"b\.example".*"memory\/mesh".*"shop\.example"/,
    );
  });

  it('refuses one that has ended, and says since when', async () => {
    const store = memoryStore();
    await openAuthority(store, 'mesh', options);
    await expect(openAuthority(store, 'mesh', { ...options, now: now + HOUR_MS })).rejects.toThrow(
      'ended at 2026-06-01T01:00:00.000Z',
    );
  });

  it('refuses a damaged one with its place and what to do, and does not replace it', async () => {
    const store = memoryStore();
    store.saved.set('mesh', 'garbage');
    await expect(openAuthority(store, 'mesh', options)).rejects.toThrow(
      /cannot use "memory\/mesh": .*CERTIFICATE block; restore it from a backup/,
    );
    expect(store.saved.get('mesh')).toBe('garbage');
  });
});
