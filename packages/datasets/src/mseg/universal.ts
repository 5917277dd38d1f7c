import { classList } from '../catalog/compact.js';

/**
 * MSeg's universal taxonomy (CVPR 2020, CC BY 4.0 Intel Labs), with the maskige palette of the GSS code as colours: its smallest
 * distance is 18.7, so it can be decoded.
 */
export const msegUniversalClasses = /* @__PURE__ */ classList(
  `
    backpack | umbrella | bag | tie | suitcase | case | bird | cat | dog | horse | sheep | cow | elephant | bear |
    zebra | giraffe | animal_other | microwave | radiator | oven | toaster | storage_tank | conveyor_belt | sink |
    refrigerator | washer_dryer | fan | dishwasher | toilet | bathtub | shower | tunnel | bridge | pier_wharf |
    tent | building | ceiling | laptop | keyboard | mouse | remote | cell phone | television | floor | stage |
    banana | apple | sandwich | orange | broccoli | carrot | hot_dog | pizza | donut | cake | fruit_other |
    food_other | chair_other | armchair | swivel_chair | stool | seat | couch | trash_can | potted_plant |
    nightstand | bed | table | pool_table | barrel | desk | ottoman | wardrobe | crib | basket |
    chest_of_drawers | bookshelf | counter_other | bathroom_counter | kitchen_island | door | light_other | lamp |
    sconce | chandelier | mirror | whiteboard | shelf | stairs | escalator | cabinet | fireplace | stove |
    arcade_machine | gravel | platform | playingfield | railroad | road | snow | sidewalk_pavement | runway |
    terrain | book | box | clock | vase | scissors | plaything_other | teddy_bear | hair_dryer | toothbrush |
    painting | poster | bulletin_board | bottle | cup | wine_glass | knife | fork | spoon | bowl | tray |
    range_hood | plate | person | rider_other | bicyclist | motorcyclist | paper | streetlight | road_barrier |
    mailbox | cctv_camera | junction_box | traffic_sign | traffic_light | fire_hydrant | parking_meter | bench |
    bike_rack | billboard | sky | pole | fence | railing_banister | guard_rail | mountain_hill | rock | frisbee |
    skis | snowboard | sports_ball | kite | baseball_bat | baseball_glove | skateboard | surfboard |
    tennis_racket | net | base | sculpture | column | fountain | awning | apparel | banner | flag | blanket |
    curtain_other | shower_curtain | pillow | towel | rug_floormat | vegetation | bicycle | car | autorickshaw |
    motorcycle | airplane | bus | train | truck | trailer | boat_ship | slow_wheeled_object | river_lake | sea |
    water_other | swimming_pool | waterfall | wall | window | window_blind
  `,
  `
    0207d6 0910ea 033405 0d4132 09344f 05406a 054388 0341b4 093ed7 0e3bf2 067508 03682a 0b734c 027173 047286
    056ca7 026ecb 0676f1 0ea80d 0d9c28 059e52 099e65 059b89 09a6a9 0ea0d4 02a5f3 0cd20d 09d729 07d64e 0cd26c
    0bd08a 00d8b1 00cec8 0ed2ea 3a0a09 370f32 420752 460172 3b0486 3f10ae 440bcd 3a10f5 3d3606 39342e 434045
    3c3c68 3d3e95 3a42a7 413bcb 3c43f7 42760e 37752e 376d4a 436d71 446c89 406cb5 4169d5 3774f3 45a709 41a228
    3ba64d 3ca165 3e9e8c 3fa0b2 469acf 419ef7 3dd504 3ed72c 42da4f 39d96c 3fd488 3cd7b3 37cdc8 38d2ef 70040e
    730623 7b0552 77066d 740587 7902b5 6f05d4 7606ee 744205 7a352b 743b45 6e3570 703792 753daf 783dd3 6f39f8
    7c760b 7a6a24 7b6953 6e6a6c 747389 7468ab 6f6cd1 7769ea 7da709 7aa630 77a948 76a365 73a189 74a2a7 76a2d3
    7ba6ec 7cda02 76d125 7cd753 6fd374 73db8b 7ccdb0 73dbd3 72cff8 ab0d0f b30a2d ac0a4f ab0e74 b10687 ad04b6
    b401d7 ab08eb ab4205 b33923 a84246 ab3e6b ac388a a939b2 b243cd b443ec b2730a ad7529 b36b4f b16873 ae6889
    a673a9 a76dd4 af74eb aca80f b09e24 a99f44 a59e73 a79a93 b09aac a59ace ab9af7 b0d804 a6cd32 a9d853 b4d86a
    b0cf8c abcdb3 addbd7 b4dcf6 ea030a e50e2e e00f45 e30767 e60794 eb0da9 dd02d5 e507eb ea3e0a eb3526 e24144
    e33c69 e53891 e736a8 e634d7 e839f0 e4670a dd6f2f e56746 e5766c ea6b8a e66db1 e571d1 ea67ef e7a811 ea9a2b
    e3a253 e3a470 de9c92 e99bae dc9ed5 dda3ec e4d304 e8dc28 e9d54e e9dc71 e9d28e dfd9ad e1cfcf e2dcf3
  `,
);
