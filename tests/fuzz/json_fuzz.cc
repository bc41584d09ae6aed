// Fuzzes the bridge's reading of JSON: any bytes, as the body of every request type in turn. What is accepted must be written and read
// again as the same message: no silent truncation, rounding or last-one-wins.
#include <google/protobuf/util/message_differencer.h>

#include <array>
#include <boost/json/value.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "fenfen/v1/catalogue.pb.h"
#include "fenfen/v1/drop.pb.h"
#include "fenfen/v1/household.pb.h"
#include "fenfen/v1/voucher.pb.h"
#include "mini_program_bridge/json_body.h"
#include "mini_program_bridge/transcode.h"

namespace {

using google::protobuf::Message;

const std::array<const Message*, 4> kTypes = {
    &fenfen::v1::RecordDropRequest::default_instance(), &fenfen::v1::UpdateCatalogueRequest::default_instance(),
    &fenfen::v1::ListEntriesResponse::default_instance(), &fenfen::v1::CaptureVoucherRequest::default_instance()};

std::unique_ptr<Message> Read(const Message& type, absl::string_view body) {
  boost::json::value value;
  if (fenfen::bridge::ParseJsonBody(body, &value)) return nullptr;
  std::unique_ptr<Message> message(type.New());
  return fenfen::bridge::ReadJson(value, message.get()) ? nullptr : std::move(message);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  const Message& type = *kTypes[data[0] % kTypes.size()];
  const auto message = Read(type, absl::string_view(reinterpret_cast<const char*>(data) + 1, size - 1));
  if (message == nullptr) return 0;
  std::string text;
  fenfen::bridge::WriteJson(*message, &text);
  const auto again = Read(type, text);
  if (again == nullptr || !google::protobuf::util::MessageDifferencer::Equals(*message, *again)) std::abort();
  return 0;
}
