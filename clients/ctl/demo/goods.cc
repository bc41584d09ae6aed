#include "clients/ctl/demo/goods.h"

namespace fenfen::ctl {

absl::Span<const Good> Goods() {
  static constexpr Good kGoods[] = {
      {"抽纸一包", "Tissues, one pack", 50, 0},
      {"厨余垃圾袋一卷", "Food-waste bags, one roll", 60, 0},
      {"食盐一袋", "Salt, one bag", 80, 1, false, 0, "月=3"},
      {"香皂一块", "Soap, one bar", 100, 0},
      {"早餐券一份", "Breakfast, one serving", 100, 2, true},
      {"鸡蛋六枚", "Eggs, six", 120, 1, false, 2000, "周=2;月=4"},
      {"酱油一瓶", "Soy sauce, one bottle", 150, 1},
      {"豆浆油条套餐", "Soy milk and fried dough", 150, 2, true},
      {"牙膏一支", "Toothpaste, one tube", 160, 0},
      {"洗洁精一瓶", "Washing-up liquid, one bottle", 180, 3},
      {"毛巾一条", "Towel, one", 200, 3},
      {"理发券一次", "Haircut, once", 240, 4},
      {"小米两斤", "Millet, 1 kg", 260, 5},
      {"牛奶一提", "Milk, one pack", 300, 6},
      {"洗衣液一瓶", "Laundry liquid, one bottle", 320, 7},
      {"修鞋券一次", "Shoe repair, once", 350, 8},
      {"面粉五斤", "Flour, 2.5 kg", 360, 9},
      {"挂面一箱", "Noodles, one box", 400, 10},
      {"大米五斤", "Rice, 2.5 kg", 450, 11},
      {"水果礼盒小", "Fruit box, small", 500, 12},
      {"家电清洗九折", "Appliance cleaning, 10% off", 600, 13},
      {"保温杯一个", "Vacuum cup, one", 700, 14},
      {"花生油一桶", "Peanut oil, one can", 800, 15},
      {"大米二十斤", "Rice, 10 kg", 900, 16},
      {"电影票一张", "Cinema ticket, one", 1000, 17},
      {"不锈钢分类桶", "Steel sorting bin", 1200, 18},
      {"体检套餐抵用券", "Check-up voucher", 1400, 19},
      {"骑行头盔一顶", "Cycling helmet, one", 1600, 20, false, 3, "年=1"},
      {"电饭煲一个", "Rice cooker, one", 1800, 21},
      {"折叠购物车一辆", "Folding trolley, one", 2000, 22},
  };
  return kGoods;
}

absl::Span<const char* const> ShopKinds() {
  static constexpr const char* kKinds[] = {
      "便民超市", "粮油店",     "早餐铺",   "日用百货",   "理发店", "杂粮铺", "奶站",   "洗护用品店", "修鞋铺",     "面粉店",
      "副食店",   "米面店",     "水果店",   "家电清洗店", "五金店", "油坊",   "粮站",   "影院",       "环保用品店", "诊所",
      "自行车行", "家电维修部", "生活超市", "药店",       "书店",   "花店",   "裁缝铺", "干洗店",     "熟食店",     "茶叶店",
      "打印社",   "文具店",     "蔬菜店",   "鲜肉铺",     "馒头房", "眼镜店", "宠物店", "咖啡馆",     "面馆",       "便利店"};
  return kKinds;
}

absl::Span<const char* const> EstateFirstHalves() {
  static constexpr const char* kHalves[] = {"运河", "潞河", "玉带", "通惠", "燃灯", "漕运", "绿心", "云景", "翠屏", "古韵", "临水", "榆香",
                                            "果园", "文津", "柳岸", "望塔", "滨河", "新潞", "荷塘", "晴川", "桃源", "星河", "金谷", "芳草"};
  return kHalves;
}

absl::Span<const char* const> EstateSecondHalves() {
  static constexpr const char* kHalves[] = {"家园", "嘉园", "花园", "雅苑", "新村", "南里", "北里", "东里", "西里", "佳苑", "名邸", "小筑"};
  return kHalves;
}

}  // namespace fenfen::ctl
