// Messages of fenfen.ledger.v1 as records and facts: always the same bytes for the same contents, since digests are taken of them.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "ledger/core/record.h"

namespace fenfen {

template <typename Message>
std::string SerialiseMessage(const Message& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

// A record that is a message, with its version; version 0 and an empty message where there is none. DATA_LOSS where the bytes are not one.
template <typename Message>
struct StoredMessage {
  PartitionSeq version;
  Message message;
  bool found() const { return version != PartitionSeq(0); }
};
template <typename Message>
absl::StatusOr<StoredMessage<Message>> ReadMessage(const View& view, const RecordKey& key) {
  StoredMessage<Message> stored;
  const std::optional<RecordView> record = view.Record(key);
  if (!record) return stored;
  stored.version = record->version;
  if (!stored.message.ParseFromArray(record->bytes.data(), static_cast<int>(record->bytes.size()))) {
    return absl::DataLossError(absl::StrCat(Message::descriptor()->full_name(), ": the stored bytes do not have its form"));
  }
  return stored;
}

}  // namespace fenfen
