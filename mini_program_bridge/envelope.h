// The one shape of every JSON body: {"errcode":0,"errmsg":"ok","data":{…},"request_id":"…"}, or on refusal
// {"errcode":81,"reason":"POINTS_INSUFFICIENT","errmsg":"积分不足…","errmsg_en":"…","field":"…","request_id":"…"}.
//
// The request id comes last, so that everything before it can be kept and compressed once for many requests.
// Functions are pure and safe to call from any thread.
#ifndef FENFEN_MINI_PROGRAM_BRIDGE_ENVELOPE_H_
#define FENFEN_MINI_PROGRAM_BRIDGE_ENVELOPE_H_

#include <string>
#include "absl/strings/string_view.h"

#include "clients/cpp/error.h"
#include "mini_program_bridge/http.h"
#include "mini_program_bridge/refusal.h"

namespace fenfen::bridge {

// The body up to the request id; `data` is JSON.
std::string EnvelopeHead(absl::string_view data);

// The rest. `request_id` holds nothing that JSON would escape.
std::string EnvelopeTail(absl::string_view request_id);

// A whole successful reply.
HttpResponse DataResponse(absl::string_view data, absl::string_view request_id);

// A refusal with the table's HTTP status and sentences, and Retry-After where the call may succeed later.
HttpResponse ErrorResponse(const Refusal& refusal, absl::string_view request_id);

// What the server refused, in our terms. Text that gRPC itself wrote is not shown to people.
Refusal RefusalOf(const client::Error& error, bool from_server);

}  // namespace fenfen::bridge

#endif  // FENFEN_MINI_PROGRAM_BRIDGE_ENVELOPE_H_
