import { type MSegTestSet, testSet } from './sets.js';

// MSeg's six test sets: class names in MSeg's id order, and the class of each universal class (255 = none).

export const msegTestSets: Readonly<Record<MSegTestSetName, MSegTestSet>> = /* @__PURE__ */ Object.freeze({
  voc2012: /* @__PURE__ */ testSet(
    'PASCAL VOC 2012',
    1449,
    `
    background | aeroplane | bicycle | bird | boat | bottle | bus | car | cat | chair | cow | diningtable | dog |
    horse | motorbike | person | pottedplant | sheep | sofa | train | tvmonitor
  `,
    `
    0 0 0 0 0 0 3 8 12 13 17 10 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 20 0 0 0 0 0 0 0 0 0
    0 0 0 0 0 9 9 9 9 9 18 0 16 0 0 11 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
    0 0 0 0 0 0 0 0 0 0 5 0 0 0 0 0 0 0 0 0 15 15 15 15 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
    0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 2 7 0 14 1 6 19 0 0 4 0 0 0 0 0 0 0 0 0
  `,
  ),
  'pascal-context': /* @__PURE__ */ testSet(
    'PASCAL Context',
    5105,
    `
    aeroplane | background | bag | bed | bedclothes | bench | bicycle | bird | boat | book | bottle | building |
    bus | cabinet | car | cat | ceiling | chair | cloth | computer | cow | cup | curtain | dog | door | fence |
    floor | flower | food | grass | ground | horse | keyboard | light | motorbike | mountain | mouse | person |
    plate | platform | pottedplant | road | rock | sheep | shelves | sidewalk | sign | sky | snow | sofa | table |
    track | train | tree | truck | tvmonitor | wall | water | window | wood
  `,
    `
    2 1 2 1 1 1 7 15 23 31 43 20 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 16 1 1 1 11 16 19 32 36 1 1 55 26 26 28
    28 28 28 28 28 28 28 28 28 28 28 17 17 17 17 17 49 1 40 13 3 50 50 1 1 1 13 1 1 13 44 1 1 1 24 33 33 33 33 1
    1 44 1 1 13 1 1 1 30 39 1 51 41 48 45 1 29 9 1 1 40 1 1 1 1 1 1 1 1 10 21 1 1 1 1 1 1 1 38 37 37 37 37 1 33
    1 1 1 1 46 1 1 1 5 1 46 47 1 25 1 1 35 42 1 1 1 1 1 1 1 1 1 1 1 1 1 56 1 1 18 1 1 4 22 22 4 18 18 53 6 14 1
    34 0 12 52 54 54 8 1 57 57 57 57 57 56 58 58
  `,
  ),
  camvid: /* @__PURE__ */ testSet(
    'CamVid',
    101,
    `
    Building | Tree | Sky | Car | SignSymbol | Road | Pedestrian | Fence | Column_Pole | Sidewalk | Bicyclist
  `,
    `
    255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255
    255 255 255 255 255 255 255 255 0 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255
    255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255
    255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 5 255 9 255 255 255 255 255 255 255 255
    255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 6 255 10 255 255 255 255 255 255 255 4 255
    255 255 255 255 255 2 8 7 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255
    255 255 255 255 255 255 255 255 255 1 10 3 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255
    255
  `,
  ),
  wilddash: /* @__PURE__ */ testSet(
    'WildDash v1',
    70,
    `
    road | sidewalk | building | wall | fence | pole | traffic light | traffic sign | vegetation | terrain | sky |
    person | rider | car | truck | bus | train | motorcycle | bicycle
  `,
    `
    255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255
    255 255 255 255 255 255 255 255 2 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255
    255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255
    255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 0 255 1 255 9 255 255 255 255 255 255
    255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 11 12 12 12 255 5 255 255 255 255 7 6 255
    255 255 255 255 10 5 4 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255
    255 255 255 255 255 255 255 255 8 18 13 17 17 255 15 16 14 255 255 255 255 255 255 255 255 3 255 255
  `,
  ),
  kitti: /* @__PURE__ */ testSet(
    'KITTI',
    50,
    `
    road | sidewalk | building | wall | fence | pole | traffic light | traffic sign | vegetation | terrain | sky |
    person | rider | car | truck | bus | train | motorcycle | bicycle
  `,
    `
    255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255
    255 255 255 255 255 255 255 255 2 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255
    255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255
    255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 0 255 1 255 9 255 255 255 255 255 255
    255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 11 12 12 12 255 5 255 255 255 255 7 6 255
    255 255 255 255 10 5 4 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255
    255 255 255 255 255 255 255 255 8 18 13 255 17 255 15 16 14 255 255 255 255 255 255 255 255 3 255 255
  `,
  ),
  scannet: /* @__PURE__ */ testSet(
    'ScanNet-20',
    5436,
    `
    bathtub | bed | bookshelf | cabinet | chair | counter | curtain | desk | door | floor | otherfurniture |
    picture | refridgerator | shower curtain | sink | sofa | table | toilet | wall | window
  `,
    `
    255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 10 255 255 255 255 14 12 255 255 255
    17 0 255 255 255 255 255 255 255 255 255 255 255 255 255 9 255 255 255 255 255 255 255 255 255 255 255 255
    255 4 4 4 4 4 15 10 10 255 1 16 10 10 7 10 10 10 10 255 2 5 5 5 8 255 255 255 255 255 255 255 255 255 3 10
    10 10 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 11 255 255 255 255 255 255 255
    255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255
    255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 6 13 255 255 255 255
    255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 18 19 255
  `,
  ),
});

export type MSegTestSetName = 'voc2012' | 'pascal-context' | 'camvid' | 'wilddash' | 'kitti' | 'scannet';
