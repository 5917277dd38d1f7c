import { family as checkpoints } from './families/checkpoints.js';
import { family as dvae } from './families/dvae.js';
import { family as gssE2e } from './families/gss-e2e.js';
import { family as gssHead } from './families/gss-head.js';
import { family as hrnet } from './families/hrnet.js';
import { family as inference } from './families/inference.js';
import { family as metrics } from './families/metrics.js';
import { family as optim } from './families/optim.js';
import { family as palette } from './families/palette.js';
import { family as posterior } from './families/posterior.js';
import { family as resnet } from './families/resnetv1c.js';
import { family as stateDicts } from './families/state-dicts.js';
import { family as swin } from './families/swin.js';
import { family as transforms } from './families/transforms.js';
import { family as uvim } from './families/uvim.js';
import { family as vqgan } from './families/vqgan.js';
import type { Family, FolderFamily } from './family.js';

/** Everything that can be held against the reference. */
export const families: readonly Family[] = [
  palette,
  dvae,
  vqgan,
  uvim,
  swin,
  resnet,
  hrnet,
  gssHead,
  gssE2e,
  posterior,
  inference,
  optim,
  transforms,
  metrics,
];

export const folderFamilies: readonly FolderFamily[] = [checkpoints, stateDicts];

/** The family with the longest prefix of `name`. */
export const familyOf = (name: string): Family | undefined =>
  families.filter(({ prefix }) => name.startsWith(prefix)).sort((a, b) => b.prefix.length - a.prefix.length)[0];
