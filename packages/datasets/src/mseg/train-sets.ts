import { type MSegTrainSet, trainSet } from './sets.js';

// MSeg's seven training sets: class names in MSeg's id order, the universal class of each (255 = none), first as published, then
// relabelled; how often GSS repeats the set in an epoch; pictures to train on and to validate on.

export const msegTrainSets: Readonly<Record<MSegTrainSetName, MSegTrainSet>> = /* @__PURE__ */ Object.freeze({
  ade20k: /* @__PURE__ */ trainSet(
    'ADE20K',
    6,
    { train: 20210, val: 2000 },
    [
      `
    airplane | animal | apparel | arcade machine | armchair | ashcan | awning | bag | ball | bannister | bar |
    barrel | base | basket | bathtub | bed | bench | bicycle | blanket | blind | boat | book | bookcase | booth |
    bottle | box | bridge | buffet | building | bulletin board | bus | cabinet | canopy | car | case | ceiling |
    chair | chandelier | chest of drawers | clock | coffee table | column | computer | conveyer belt | counter |
    countertop | cradle | crt screen | curtain | cushion | desk | dirt track | dishwasher | door | earth |
    escalator | fan | fence | field | fireplace | flag | floor | flower | food | fountain | glass | grandstand |
    grass | hill | hood | house | hovel | kitchen island | lake | lamp | land | light | microwave | minibike |
    mirror | monitor | mountain | ottoman | oven | painting | palm | path | person | pier | pillow | plant |
    plate | plaything | pole | pool table | poster | pot | radiator | railing | refrigerator | river | road |
    rock | rug | runway | sand | sconce | screen | screen door | sculpture | sea | seat | shelf | ship | shower |
    sidewalk | signboard | sink | sky | skyscraper | sofa | stage | stairs | stairway | step | stool | stove |
    streetlight | swimming pool | swivel chair | table | tank | television receiver | tent | toilet | towel |
    tower | trade name | traffic light | tray | tree | truck | van | vase | wall | wardrobe | washer | water |
    waterfall | windowpane
  `,
      `
    179 16 165 93 58 63 164 2 152 145 255 69 160 74 29 66 139 175 168 193 184 103 76 35 115 104 32 90 35 114 180
    90 255 176 5 36 57 84 75 105 67 162 255 22 77 78 73 255 169 171 70 102 27 80 102 89 26 144 102 91 167 43 174
    56 163 117 35 102 147 123 35 35 79 186 82 102 81 17 178 85 255 147 71 19 112 174 100 125 33 171 255 124 108
    143 68 113 64 18 145 24 186 98 148 173 101 102 83 255 80 161 187 61 87 184 30 100 255 23 142 35 62 44 88 88
    255 60 92 130 189 59 67 21 42 34 28 172 35 141 136 122 174 182 176 106 191 72 25 188 190 192
  `,
    ],
    [
      `
    airplane | animal_other | apparel | arcade_machine | armchair | awning | bag | barrel | base | basket |
    bathroom_counter | bathtub | bear | bed | bench | bicycle | bicyclist | billboard | bird | blanket |
    boat_ship | book | bookshelf | bottle | box | bridge | broccoli | building | bulletin_board | bus | cabinet |
    cake | car | case | cat | ceiling | chair_other | chandelier | chest_of_drawers | clock | column |
    conveyor_belt | couch | counter_other | cow | crib | cup | curtain_other | desk | dishwasher | dog | door |
    elephant | escalator | fan | fence | fireplace | flag | floor | food_other | fountain | fruit_other |
    giraffe | guard_rail | horse | kitchen_island | lamp | light_other | microwave | mirror | motorcycle |
    motorcyclist | mountain_hill | nightstand | ottoman | oven | painting | person | pier_wharf | pillow | pizza |
    plate | plaything_other | pole | pool_table | poster | potted_plant | radiator | railing_banister |
    range_hood | refrigerator | rider_other | river_lake | road | rock | rug_floormat | runway | sandwich |
    sconce | sculpture | sea | seat | sheep | shelf | shower | shower_curtain | sidewalk_pavement | sink | sky |
    snow | sports_ball | stage | stairs | stool | storage_tank | stove | streetlight | swimming_pool |
    swivel_chair | table | teddy_bear | television | tent | terrain | toilet | towel | traffic_light | trash_can |
    tray | truck | vase | vegetation | wall | wardrobe | washer_dryer | water_other | waterfall | window |
    window_blind | wine_glass | zebra
  `,
      `
    179 16 165 93 58 164 2 69 160 74 78 29 13 66 139 175 127 141 6 168 184 103 76 115 104 32 49 35 114 180 90 54
    176 5 7 36 57 84 75 105 162 22 62 77 11 73 116 169 70 27 8 80 12 89 26 144 91 167 43 56 163 55 15 146 9 79
    82 81 17 85 178 128 147 65 71 19 112 125 33 171 52 124 108 143 68 113 64 18 145 123 24 126 186 98 148 173
    101 47 83 161 187 61 10 87 30 170 100 23 142 99 152 44 88 60 21 92 130 189 59 67 109 42 34 102 28 172 136 63
    122 182 106 174 191 72 25 188 190 192 193 117 14
  `,
    ],
  ),
  bdd100k: /* @__PURE__ */ trainSet(
    'BDD100K',
    17,
    { train: 7000, val: 1000 },
    [
      `
    road | sidewalk | building | wall | fence | pole | traffic light | traffic sign | vegetation | terrain | sky |
    person | rider | car | truck | bus | train | motorcycle | bicycle
  `,
      `
    98 100 35 191 144 143 136 135 174 102 142 125 126 176 182 180 181 178 175
  `,
    ],
    [
      `
    bicycle | bicyclist | building | bus | car | fence | motorcycle | motorcyclist | person | pole | rider_other |
    road | sidewalk_pavement | sky | terrain | traffic_light | traffic_sign | train | truck | vegetation | wall
  `,
      `
    175 127 35 180 176 144 178 128 125 143 126 98 100 142 102 136 135 181 182 174 191
  `,
    ],
  ),
  cityscapes: /* @__PURE__ */ trainSet(
    'Cityscapes',
    40,
    { train: 2975, val: 500 },
    [
      `
    road | sidewalk | building | wall | fence | pole | traffic light | traffic sign | vegetation | terrain | sky |
    person | rider | car | truck | bus | train | motorcycle | bicycle
  `,
      `
    98 100 35 191 144 143 136 135 174 102 142 125 127 176 182 180 181 178 175
  `,
    ],
    [
      `
    bicycle | bicyclist | building | bus | car | fence | motorcycle | motorcyclist | person | pole | rider_other |
    road | sidewalk_pavement | sky | terrain | traffic_light | traffic_sign | train | truck | vegetation | wall
  `,
      `
    175 127 35 180 176 144 178 128 125 143 126 98 100 142 102 136 135 181 182 174 191
  `,
    ],
  ),
  'coco-panoptic': /* @__PURE__ */ trainSet(
    'COCO panoptic',
    1,
    { train: 118287, val: 5000 },
    [
      `
    banner | blanket | bridge | cardboard | counter | curtain | door-stuff | floor-wood | flower | fruit |
    gravel | house | light | mirror-stuff | net | pillow | platform | playingfield | railroad | river | road |
    roof | sand | sea | shelf | snow | stairs | tent | towel | wall-brick | wall-stone | wall-tile | wall-wood |
    water-other | window-blind | window-other | tree-merged | fence-merged | ceiling-merged | sky-other-merged |
    cabinet-merged | table-merged | floor-other-merged | pavement-merged | mountain-merged | grass-merged |
    dirt-merged | paper-merged | food-other-merged | building-other-merged | rock-merged | wall-other-merged |
    rug-merged | person | bicycle | car | motorcycle | airplane | bus | train | truck | boat | traffic light |
    fire hydrant | stop sign | parking meter | bench | bird | cat | dog | horse | sheep | cow | elephant | bear |
    zebra | giraffe | backpack | umbrella | handbag | tie | suitcase | frisbee | skis | snowboard | sports ball |
    kite | baseball bat | baseball glove | skateboard | surfboard | tennis racket | bottle | wine glass | cup |
    fork | knife | spoon | bowl | banana | apple | sandwich | orange | broccoli | carrot | hot dog | pizza |
    donut | cake | chair | couch | potted plant | bed | dining table | toilet | tv | laptop | mouse | remote |
    keyboard | cell phone | microwave | oven | toaster | sink | refrigerator | book | clock | vase | scissors |
    teddy bear | hair drier | toothbrush
  `,
      `
    166 168 32 104 77 169 80 43 174 55 94 35 81 85 159 171 95 96 97 186 98 35 102 187 87 99 88 34 172 191 191
    191 191 188 193 192 174 144 36 142 90 67 43 100 147 102 102 129 56 35 148 191 173 125 175 176 178 179 180
    181 182 184 136 137 135 138 139 6 7 8 9 10 11 12 13 14 15 0 1 2 3 4 149 150 151 152 153 154 155 156 157 158
    115 117 116 119 118 120 121 45 46 47 48 49 50 51 52 53 54 57 62 64 66 67 28 42 37 39 40 38 41 17 19 20 23 24
    103 105 106 107 109 110 111
  `,
    ],
    [
      `
    airplane | apple | armchair | awning | backpack | bag | banana | banner | base | baseball_bat |
    baseball_glove | basket | bathroom_counter | bear | bed | bench | bicycle | bicyclist | billboard | bird |
    blanket | boat_ship | book | bookshelf | bottle | bowl | box | bridge | broccoli | building | bus | cabinet |
    cake | car | carrot | cat | ceiling | cell phone | chair_other | chandelier | chest_of_drawers | clock |
    couch | counter_other | cow | cup | curtain_other | desk | dog | donut | door | elephant | fence |
    fire_hydrant | floor | food_other | fork | fountain | frisbee | fruit_other | giraffe | gravel | guard_rail |
    hair_dryer | horse | hot_dog | keyboard | kitchen_island | kite | knife | lamp | laptop | light_other |
    microwave | mirror | motorcycle | motorcyclist | mountain_hill | mouse | net | nightstand | orange | ottoman |
    oven | paper | parking_meter | person | pier_wharf | pillow | pizza | platform | playingfield | pool_table |
    potted_plant | railroad | refrigerator | remote | rider_other | river_lake | road | rock | rug_floormat |
    runway | sandwich | scissors | sconce | sea | seat | sheep | shelf | shower_curtain | sidewalk_pavement |
    sink | skateboard | skis | sky | slow_wheeled_object | snow | snowboard | spoon | sports_ball | stage |
    stairs | stool | streetlight | suitcase | surfboard | swimming_pool | swivel_chair | table | teddy_bear |
    television | tennis_racket | tent | terrain | tie | toaster | toilet | toothbrush | towel | traffic_light |
    traffic_sign | train | truck | umbrella | vase | vegetation | wall | wardrobe | water_other | waterfall |
    window | window_blind | wine_glass | zebra
  `,
      `
    179 46 58 164 0 2 45 166 160 154 155 74 78 13 66 139 175 127 141 6 168 184 103 76 115 121 104 32 49 35 180
    90 54 176 50 7 36 41 57 84 75 105 62 77 11 116 169 70 8 53 80 12 144 137 43 56 119 163 149 55 15 94 146 110
    9 51 38 79 153 118 82 37 81 17 85 178 128 147 39 159 65 48 71 19 129 138 125 33 171 52 95 96 68 64 97 24 40
    126 186 98 148 173 101 47 107 83 187 61 10 87 170 100 23 156 150 142 185 99 151 120 152 44 88 60 130 4 157
    189 59 67 109 42 158 34 102 3 20 28 111 172 136 135 181 182 1 106 174 191 72 188 190 192 193 117 14
  `,
    ],
  ),
  idd: /* @__PURE__ */ trainSet(
    'IDD',
    17,
    { train: 6993, val: 981 },
    [
      `
    road | parking | drivable fallback | sidewalk | rail track | non-drivable fallback | person | animal | rider |
    motorcycle | bicycle | autorickshaw | car | truck | bus | caravan | trailer | train | vehicle fallback |
    curb | wall | fence | guard rail | billboard | traffic sign | traffic light | pole | polegroup |
    obs-str-bar-fallback | building | bridge | tunnel | vegetation | sky | fallback background | ego vehicle |
    rectification border | out of roi | license plate
  `,
      `
    98 98 98 100 97 255 125 255 128 178 175 177 176 182 180 176 183 181 255 100 191 144 146 141 135 136 143 143
    255 35 32 31 174 142 255 255 255 255 255
  `,
    ],
    [
      `
    autorickshaw | backpack | bag | bicycle | bicyclist | billboard | box | bridge | building | bus | car |
    fence | guard_rail | motorcycle | motorcyclist | person | pole | railroad | rider_other | road |
    sidewalk_pavement | sky | traffic_light | traffic_sign | trailer | train | truck | tunnel | vegetation |
    wall
  `,
      `
    177 0 2 175 127 141 104 32 35 180 176 144 146 178 128 125 143 97 126 98 100 142 136 135 183 181 182 31 174
    191
  `,
    ],
  ),
  mapillary: /* @__PURE__ */ trainSet(
    'Mapillary Vistas (v1.1/1.2, public)',
    7,
    { train: 18000, val: 2000 },
    [
      `
    Bird | Ground Animal | Curb | Fence | Guard Rail | Barrier | Wall | Bike Lane | Crosswalk - Plain | Curb Cut |
    Parking | Pedestrian Area | Rail Track | Road | Service Lane | Sidewalk | Bridge | Building | Tunnel |
    Person | Bicyclist | Motorcyclist | Other Rider | Lane Marking - Crosswalk | Lane Marking - General |
    Mountain | Sand | Sky | Snow | Terrain | Vegetation | Water | Banner | Bench | Bike Rack | Billboard |
    Catch Basin | CCTV Camera | Fire Hydrant | Junction Box | Mailbox | Manhole | Phone Booth | Pothole |
    Street Light | Pole | Traffic Sign Frame | Utility Pole | Traffic Light | Traffic Sign (Back) |
    Traffic Sign (Front) | Trash Can | Bicycle | Boat | Bus | Car | Caravan | Motorcycle | On Rails |
    Other Vehicle | Trailer | Truck | Wheeled Slow | Car Mount | Ego Vehicle
  `,
      `
    6 8 100 144 146 131 191 98 98 100 98 100 97 98 98 100 32 35 31 125 127 128 126 98 98 147 102 142 99 102 174
    188 166 139 140 141 255 133 137 134 132 255 35 98 130 143 135 143 136 135 135 63 175 184 180 176 176 178 181
    255 183 182 185 255 255
  `,
    ],
    [
      `
    animal_other | banner | bench | bicycle | bicyclist | bike_rack | billboard | bird | boat_ship | bridge |
    building | bus | car | cat | cctv_camera | cow | dog | fence | fire_hydrant | fountain | guard_rail | horse |
    junction_box | mailbox | motorcycle | motorcyclist | mountain_hill | person | pole | railroad | rider_other |
    river_lake | road | road_barrier | sea | sidewalk_pavement | sky | slow_wheeled_object | snow | streetlight |
    terrain | traffic_light | traffic_sign | trailer | train | trash_can | truck | tunnel | vegetation | wall |
    water_other
  `,
      `
    16 166 139 175 127 140 141 6 184 32 35 180 176 7 133 11 8 144 137 163 146 9 134 132 178 128 147 125 143 97
    126 186 98 131 187 100 142 185 99 130 102 136 135 183 181 63 182 31 174 191 188
  `,
    ],
  ),
  sunrgbd: /* @__PURE__ */ trainSet(
    'SUN RGB-D',
    24,
    { train: 5285, val: 475 },
    [
      `
    wall | floor | cabinet | bed | chair | sofa | table | door | window | bookshelf | picture | counter | blinds |
    desk | shelves | curtain | dresser | pillow | mirror | floor mat | clothes | ceiling | books | refridgerator |
    television | paper | towel | shower curtain | box | whiteboard | person | night stand | toilet | sink | lamp |
    bathtub | bag
  `,
      `
    191 43 90 66 57 62 67 80 192 76 112 77 193 70 87 169 75 171 85 173 165 36 103 24 42 129 172 170 104 86 125
    65 28 23 81 29 2
  `,
    ],
    [
      `
    apparel | armchair | bag | bathroom_counter | bathtub | bed | bench | book | bookshelf | box | cabinet |
    ceiling | chair_other | chandelier | chest_of_drawers | couch | counter_other | curtain_other | desk | door |
    floor | kitchen_island | lamp | light_other | mirror | nightstand | ottoman | painting | paper | person |
    pillow | refrigerator | rug_floormat | sconce | seat | shelf | shower_curtain | sink | stool | swivel_chair |
    table | television | toilet | towel | wall | whiteboard | window | window_blind
  `,
      `
    165 58 2 78 29 66 139 103 76 104 90 36 57 84 75 62 77 169 70 80 43 79 82 81 85 65 71 112 129 125 171 24 173
    83 61 87 170 23 60 59 67 42 28 172 191 86 192 193
  `,
    ],
  ),
});

export type MSegTrainSetName = 'ade20k' | 'bdd100k' | 'cityscapes' | 'coco-panoptic' | 'idd' | 'mapillary' | 'sunrgbd';
