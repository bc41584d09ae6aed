// Fuzzes the import: any bytes as a file, through the encodings to records. Every input ends in records and errors within the limits.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "clients/ctl/import/csv.h"
#include "clients/ctl/import/text_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto text = fenfen::ctl::DecodeText(bytes, fenfen::ctl::Encoding::kDetect);
  if (!text.ok()) return 0;
  fenfen::ctl::CsvReader reader(*text);
  fenfen::ctl::CsvRecord record;
  int64_t line = 0;
  while (reader.Next(&record)) {
    if (record.line <= line || record.fields.size() > fenfen::ctl::kCsvFieldsMax) std::abort();
    line = record.line;
    for (const auto& field : record.fields) {
      if (field.size() > fenfen::ctl::kCsvFieldBytesMax) std::abort();
    }
  }
  if (reader.errors().size() > fenfen::ctl::kCsvErrorsMax) std::abort();
  return 0;
}
