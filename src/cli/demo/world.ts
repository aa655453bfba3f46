/**
 * The shop as native processes on loopback: control plane, four services, their sidecars and the gateway. Everything
 * lives in one temporary folder and goes with it; whatever was started is stopped by its process id.
 */
import { copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Clock, delay, systemClock } from '../../lib/clock.ts';
import { ControlPlaneError } from '../../lib/errors.ts';
import { findEnvoy } from '../envoy-binary.ts';
import type { DemoReady } from '../running-demo.ts';
import { type Child, startChild } from './child.ts';
