#include "clients/station/terminal_qr.h"

#include <qrencode.h>

#include <memory>

namespace fenfen::station {

absl::StatusOr<std::string> TerminalQr(const std::string& text) {
  const std::unique_ptr<QRcode, void (*)(QRcode*)> code(QRcode_encodeString8bit(text.c_str(), 0, QR_ECLEVEL_M), QRcode_free);
  if (code == nullptr) return absl::InvalidArgumentError("the text does not fit a QR code");
  constexpr int kQuiet = 2;
  const int width = code->width;
  const auto light = [&](int x, int y) {
    const bool inside = x >= 0 && y >= 0 && x < width && y < width;
    return !inside || (code->data[y * width + x] & 1) == 0;
  };
  std::string lines;
  for (int y = -kQuiet; y < width + kQuiet; y += 2) {
    // Light modules are drawn, so the code is right on a dark terminal; the colours make it so on a light one.
    lines += "\033[40;97m";
    for (int x = -kQuiet; x < width + kQuiet; ++x) {
      const bool upper = light(x, y);
      const bool lower = y + 1 < width + kQuiet && light(x, y + 1);
      lines += upper && lower ? "█" : upper ? "▀" : lower ? "▄" : " ";
    }
    lines += "\033[0m\n";
  }
  return lines;
}

}  // namespace fenfen::station
