#include "tests/overload/unary_load.h"

#include <poll.h>

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/cpp/error.h"
#include "clients/cpp/request_id.h"
#include "clients/ctl/bench/district.h"
#include "fenfen/v1/drop.pb.h"

namespace fenfen::overload {
namespace {

constexpr char kMethod[] = "/fenfen.v1.DropService/RecordDrop";
constexpr int64_t kGrams = 800;
constexpr double kMeanwhileSeconds = 0.1;

}  // namespace

absl::StatusOr<std::unique_ptr<UnaryLoad>> UnaryLoad::Connect(const Fenfend& server, size_t connections, uint32_t households) {
  const absl::StatusOr<std::string> token = server.AttendantToken();
  if (!token.ok()) return token.status();
  std::unique_ptr<UnaryLoad> load(new UnaryLoad(households));
  for (size_t n = 0; n < connections; ++n) {
    absl::StatusOr<std::unique_ptr<GrpcConnection>> connection = GrpcConnection::Connect(
        server.address(), {kMethod, *token, kDeadline}, [l = load.get()](const Answer& answer) { l->Take(answer); });
    if (!connection.ok()) return connection.status();
    load->connections_.push_back(*std::move(connection));
  }
  return load;
}

// Sends a new call, or nothing where there is no room.
bool UnaryLoad::SendOne() {
  Sent sent;
  sent.household = static_cast<uint32_t>(1 + random_() % households_);
  sent.key = *ParseUuidV7(client::FormatUuid7(absl::Now(), random_(), random_()));
  sent_.push_back(sent);
  if (Send(sent_.size() - 1)) return true;
  sent_.pop_back();
  return false;
}

bool UnaryLoad::Send(uint64_t call) {
  GrpcConnection* free = nullptr;
  for (size_t tries = 0; tries < connections_.size() && free == nullptr; ++tries) {
    GrpcConnection* const next = connections_[turn_++ % connections_.size()].get();
    if (next->HasRoom()) free = next;
  }
  if (free == nullptr) return false;
  Sent& sent = sent_[call];
  sent.begin = bench::MonotonicSeconds();
  v1::RecordDropRequest request;
  request.set_household(absl::StrCat("households/", sent.household));
  request.set_request_id(FormatRequestKey(sent.key));
  request.set_station(bench::StationName(0));
  request.set_category(v1::CATEGORY_FOOD);
  request.set_weight_grams(kGrams);
  waiting_.push_back(call);
  ++in_flight_;
  free->Send(call, request.SerializeAsString());
  return true;
}

void UnaryLoad::Take(const Answer& answer) {
  --in_flight_;
  Sent& sent = sent_[answer.call];
  const double now = bench::MonotonicSeconds();
  if (answer.status != static_cast<int>(grpc::StatusCode::OK)) return TakeRefusal(answer);
  v1::RecordDropResponse response;
  const std::string& name = response.ParseFromString(answer.message) ? response.entry().name() : answer.message;
  if (!absl::SimpleAtoi(name.substr(name.rfind('/') + 1), &sent.entry)) return;  // stays unanswered, and the judge says so
  sent.reward = static_cast<int32_t>(response.entry().reward());
  sent.fate = Fate::kAccepted;
  result_.latencies.push_back(now - sent.begin);
  if (now < end_) ++result_.accepted;
}

void UnaryLoad::TakeRefusal(const Answer& answer) {
  Sent& sent = sent_[answer.call];
  // Without gRPC's status, or with one that the server's transport made by itself, nobody knows.
  if (answer.status == Answer::kNoStatus || answer.details.empty()) {
    ++result_.unanswered;
    ++result_.reasons[absl::StrCat("status ", answer.status, " ", answer.status_text)];
    return;
  }
  const client::Error error =
      client::ParseError(grpc::Status(static_cast<grpc::StatusCode>(answer.status), answer.status_text, answer.details));
  sent.fate = Fate::kRefused;
  ++result_.refused;
  ++result_.reasons[error.reason_name];
  if (error.retry_delay <= absl::ZeroDuration()) ++result_.refused_untold;
}

void UnaryLoad::GiveUpLate() {
  const double late = bench::MonotonicSeconds() - absl::ToDoubleSeconds(kDeadline);
  for (; !waiting_.empty() && sent_[waiting_.front()].begin < late; waiting_.pop_front()) {
    if (sent_[waiting_.front()].fate != Fate::kUnanswered) continue;
    for (const auto& connection : connections_) connection->Cancel(waiting_.front());
  }
}

absl::Status UnaryLoad::MoveAll(int wait_ms) {
  std::vector<pollfd> polled;
  for (const auto& connection : connections_) {
    polled.push_back({connection->socket(), static_cast<short>(POLLIN | (connection->WantsToWrite() ? POLLOUT : 0)), 0});
  }
  ::poll(polled.data(), polled.size(), wait_ms);
  for (size_t n = 0; n < polled.size(); ++n) {
    if (polled[n].revents == 0) continue;
    if (absl::Status status = connections_[n]->Move(); !status.ok()) return status;
  }
  GiveUpLate();
  return absl::OkStatus();
}

void UnaryLoad::BeginRun(absl::Duration time) {
  result_ = {};
  result_.seconds = absl::ToDoubleSeconds(time);
  begin_ = bench::MonotonicSeconds();
  end_ = begin_ + result_.seconds;
}

absl::Status UnaryLoad::Drain() {
  while (in_flight_ > 0) {
    if (absl::Status status = MoveAll(10); !status.ok()) return status;
  }
  waiting_.clear();
  return absl::OkStatus();
}

absl::StatusOr<LoadResult> UnaryLoad::Closed(size_t in_flight, absl::Duration time) {
  BeginRun(time);
  while (bench::MonotonicSeconds() < end_) {
    while (in_flight_ < in_flight && SendOne()) ++result_.offered;
    if (absl::Status status = MoveAll(10); !status.ok()) return status;
  }
  if (absl::Status status = Drain(); !status.ok()) return status;
  return std::move(result_);
}

absl::Status UnaryLoad::AskAgain(size_t most) {
  constexpr size_t kAtOnce = 64;
  BeginRun(absl::ZeroDuration());
  size_t asked = 0;
  for (uint64_t call = 0; call < sent_.size() && asked < most; ++call) {
    if (sent_[call].fate == Fate::kAccepted) continue;
    sent_[call].fate = Fate::kUnanswered;
    while (in_flight_ >= kAtOnce || !Send(call)) {
      if (absl::Status status = MoveAll(10); !status.ok()) return status;
    }
    ++asked;
  }
  if (absl::Status status = Drain(); !status.ok()) return status;
  if (result_.latencies.size() == asked) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("of ", asked, " requests that came again, ", asked - result_.latencies.size(), " were not accepted"));
}

absl::StatusOr<LoadResult> UnaryLoad::Open(double per_second, absl::Duration time, const std::function<void()>& meanwhile) {
  BeginRun(time);
  double next_meanwhile = begin_;
  for (double now = begin_; now < end_; now = bench::MonotonicSeconds()) {
    for (const auto due = static_cast<uint64_t>((now - begin_) * per_second); result_.offered < due; ++result_.offered) {
      if (!SendOne()) ++result_.held_back;
    }
    if (absl::Status status = MoveAll(1); !status.ok()) return status;
    if (now < next_meanwhile) continue;
    meanwhile();
    next_meanwhile = now + kMeanwhileSeconds;
  }
  if (absl::Status status = Drain(); !status.ok()) return status;
  return std::move(result_);
}

}  // namespace fenfen::overload
