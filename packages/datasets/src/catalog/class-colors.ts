import type { ClassInfo } from '../types.js';
import { readColors } from './compact.js';

/** IDD's drawing colours, in the order of its 39 classes. */
export const iddColors = () =>
  readColors(`804080 faaaa0 510051 f423e8 e6968c 98fb98 dc143c f6c691 ff0000 0000e6 770b20 ffcc36 00008e 000046 003c64 00005a
    00006e 005064 888f99 dcbe28 66669c be9999 b4a5b4 ae4043 dcdc00 faaa1e 999999 999999 a9bbd6 464646 966464 96785a
    6b8e23 4682b4 a9bbd6 000000 000000 000000 00008e`);

/** Those of Mapillary Vistas v1.2, 65 classes. */
export const mapillaryColors = () =>
  readColors(`a52a2a 00c000 c4c4c4 be9999 b4a5b4 5a7896 66669c 8040ff 8c8cc8 aaaaaa faaaa0 606060 e6968c 804080 6e6e6e f423e8
    966464 464646 96785a dc143c ff0000 ff0064 ff00c8 c88080 ffffff 40aa40 e6a032 4682b4 beffff 98fb98 6b8e23 00aa1e
    ffff80 fa001e 648cb4 dcdcdc dc8080 de2828 64aa1e 282828 212121 6480a0 8e0000 466496 d2aa64 999999 808080 000050
    faaa1e c0c0c0 dcdc00 8c8c14 770b20 9600ff 003c64 00008e 00005a 0000e6 005064 804040 00006e 000046 0000c0 202020
    780a0a`);

/** COCO's, in MSeg's order of the 133 classes. */
export const cocoPanopticColors = () =>
  readColors(`ffff80 93d3cb 966464 a8abac 9270c6 d2aa64 5c8859 da58b8 f18100 d911ff 7c4ab5 464646 ffe4ff 9ad000 c1005c 4c5b71
    ffb4c3 6a9ab0 e6968c 3c8fff 804080 5c5237 fed47c 494dae ffa062 ffffff 68546d a9a483 e1c7ff 89364a 879edf 07f6e7
    6bffc8 3a2995 b7798e ff4961 6b8e23 be9999 928b8d 4682b4 86c79c d1e28c 60246c 606060 40aa40 98fb98 d0e5e4 cebaab
    98a140 747000 00728f 66669c fa8dff dc143c 770b20 00008e 0000e6 6a00e4 003c64 005064 000046 0000c0 faaa1e 64aa1e
    dcdc00 af74af fa001e a52a2a ff4dff 00e2fc b6b6ff 005200 78a69d 6e4c00 ae39ff c76400 480076 ffb3f0 007d5c d10097
    bcd0b6 00dcb0 ff63a4 5c0049 8581ff 4eb4ff 00e400 aefff3 2d59ff 868667 9194ae ffd0ba c5e2ff ab8601 6d3f36 cf8aff
    97005f 09503d 546933 4a4169 a6c466 d0c3d2 ff6d41 008f95 b300c2 d1636a 057900 e3ffcd 93bad0 994501 035fa1 a3ff00
    7700aa 00b6c7 00a578 b78258 5f2000 827287 6e8185 a64a76 db8eb9 4fd272 b25a3e 41460f 7fa773 3b696a 8e6c2d c4ac00
    5f3650 804cff c93901 f6007a bfa2d0`);

/** Names with their own data set's colours. */
export const withColors = (names: readonly string[], colors: ReturnType<typeof readColors>): readonly ClassInfo[] =>
  names.map((name, id) => ({ name, color: colors[id]! }));
