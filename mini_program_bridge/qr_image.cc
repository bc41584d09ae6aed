#include "mini_program_bridge/qr_image.h"

#include <png.h>
#include <qrencode.h>

#include <csetjmp>
#include <memory>
#include <vector>

#include "absl/cleanup/cleanup.h"

namespace fenfen::bridge {
namespace {

constexpr int kPixelsPerModule = 8;
constexpr int kQuietModules = 4;

void AppendBytes(png_structp png, png_bytep data, png_size_t size) {
  static_cast<std::string*>(png_get_io_ptr(png))->append(reinterpret_cast<const char*>(data), size);
}

// libpng reports trouble by longjmp, which must not cross an object with a destructor: everything here is plain until it returns.
bool WritePng(png_structp png, png_infop info, int side, png_bytepp rows, std::string* out) {
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  png_set_write_fn(png, out, AppendBytes, nullptr);
  png_set_IHDR(png, info, static_cast<png_uint_32>(side), static_cast<png_uint_32>(side), 1, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_set_filter(png, 0, PNG_FILTER_NONE);
  png_write_info(png, info);
  png_write_image(png, rows);
  png_write_end(png, nullptr);
  return true;
}

}  // namespace

absl::StatusOr<std::string> QrPng(absl::string_view text) {
  const std::unique_ptr<QRcode, void (*)(QRcode*)> code(
      QRcode_encodeData(static_cast<int>(text.size()), reinterpret_cast<const unsigned char*>(text.data()), 0, QR_ECLEVEL_M), QRcode_free);
  if (code == nullptr) return absl::InvalidArgumentError("the text does not fit a QR code");
  const int side = (code->width + 2 * kQuietModules) * kPixelsPerModule;
  const int row_bytes = (side + 7) / 8;
  // A set bit is white.
  std::vector<png_byte> pixels(static_cast<std::size_t>(row_bytes) * side, 0xFF);
  for (int y = 0; y < code->width * kPixelsPerModule; ++y) {
    for (int x = 0; x < code->width * kPixelsPerModule; ++x) {
      if ((code->data[(y / kPixelsPerModule) * code->width + x / kPixelsPerModule] & 1) == 0) continue;
      const int column = x + kQuietModules * kPixelsPerModule, row = y + kQuietModules * kPixelsPerModule;
      pixels[static_cast<std::size_t>(row) * row_bytes + column / 8] &= static_cast<png_byte>(~(0x80 >> (column % 8)));
    }
  }
  std::vector<png_bytep> rows(side);
  for (int y = 0; y < side; ++y) rows[y] = &pixels[static_cast<std::size_t>(y) * row_bytes];
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png != nullptr ? png_create_info_struct(png) : nullptr;
  absl::Cleanup free_png = [&] { png_destroy_write_struct(&png, &info); };
  std::string out;
  if (info == nullptr || !WritePng(png, info, side, rows.data(), &out)) return absl::InternalError("the image could not be written");
  return out;
}

}  // namespace fenfen::bridge
