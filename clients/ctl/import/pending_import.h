// The note beside a file that is being imported: which request id its content was sent with (see import_file.h).
//
// On disk: one line, `SHA-256 in hexadecimal, a blank, the request id`. Not thread-safe for one file.
#ifndef FENFEN_CLIENTS_CTL_IMPORT_PENDING_IMPORT_H_
#define FENFEN_CLIENTS_CTL_IMPORT_PENDING_IMPORT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "clients/cpp/request_id.h"

namespace fenfen::ctl {

// One import under way.
class PendingImport {
 public:
  // Takes up the note of an earlier try with the same content if it is at most 40 days old (the server remembers ids for 45), else writes
  // a new one and syncs it. Errors of writing the note.
  static absl::StatusOr<PendingImport> Begin(const std::string& file, absl::string_view content, const client::RequestIds& ids,
                                             absl::Time now);

  const std::string& request_id() const { return request_id_; }
  // The outcome is known: removes the note.
  void Finish();

 private:
  PendingImport(std::string note, std::string request_id) : note_(std::move(note)), request_id_(std::move(request_id)) {}
  std::string note_;
  std::string request_id_;
};

}  // namespace fenfen::ctl

#endif  // FENFEN_CLIENTS_CTL_IMPORT_PENDING_IMPORT_H_
