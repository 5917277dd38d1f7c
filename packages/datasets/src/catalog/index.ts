export {
  ade20kClasses,
  camvidClasses,
  cityscapesClasses,
  cocoStuffClasses,
  pascalContext60Classes,
  scannetClasses,
  vocClasses,
} from './class-lists.js';
export type { DatasetDefinition, LabelReader, LabelVariant, Layout, SplitLayout } from './definition.js';
export { datasetNames, describeLayout, findDataset, findVariant } from './find.js';
export { bdd100k, camvid, cityscapes, idd, kitti, mapillary, wilddash } from './road.js';
export { ade20k, cocoPanoptic, cocoStuff, pascalContext, scannet, sunrgbd, voc2012 } from './scenes.js';
