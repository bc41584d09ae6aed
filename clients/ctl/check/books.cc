#include "clients/ctl/check/books.h"

#include <boost/json.hpp>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/ctl/import/csv.h"
#include "clients/ctl/import/text_file.h"
#include "fenfen/v1/household.grpc.pb.h"

namespace fenfen::ctl {

namespace {

// reward, held, civic
using Points = std::tuple<int64_t, int64_t, int64_t>;

std::string Show(const Points& points) { return absl::StrCat(std::get<0>(points), "/", std::get<1>(points), "/", std::get<2>(points)); }

std::map<std::string, Points> FromServer(Tour* tour, const std::vector<std::string>& numbers) {
  std::map<std::string, Points> books;
  const auto client = tour->demo->Connect("bridge", "staff/U01", "AUDITOR");
  if (!client.ok()) return books;
  for (const std::string& number : numbers) {
    v1::GetBalanceRequest request;
    request.set_household(absl::StrCat("households/", number));
    const auto reply = (*client)->Call(&v1::HouseholdService::Stub::GetBalance, request);
    if (!reply.ok()) {
      tour->checks->Expect(false, "an auditor reads every balance", reply.error().ToString());
      return books;
    }
    const v1::Balance& balance = reply->balance();
    books[number] = {balance.reward(), balance.held(), balance.civic()};
  }
  return books;
}

// The households of the district, and the one that was founded.
std::vector<std::string> Numbers(const Tour& tour) {
  std::vector<std::string> numbers;
  for (const DemoHousehold& household : tour.demo->district().households) numbers.push_back(absl::StrCat(household.number));
  if (!tour.founded.empty()) numbers.push_back(tour.founded);
  return numbers;
}

// Runs `fenfenctl verify` on the journal and returns what it printed.
boost::json::object Verify(Tour* tour, const std::string& balances) {
  const Workspace& workspace = tour->demo->workspace();
  ChildOptions options;
  options.arguments = {tour->bin + "/fenfenctl",
                       "--json",
                       "--server",
                       tour->demo->ports().grpc,
                       "--operator-key",
                       workspace.Path("keys/operator.key.pem"),
                       "verify",
                       "--balances",
                       balances,
                       workspace.Path(ServerName(workspace.mode(), 0) + ".toml")};
  if (workspace.mode() != DemoMode::kEmbedded) options.arguments.emplace_back("--redis");
  options.log_file = workspace.Path("log/verify.log");
  options.pipe_out = true;
  const auto child = Child::Start(options);
  std::string printed;
  while (child.ok()) {
    const std::optional<int> ended = (*child)->Ended();
    for (const std::string& line : (*child)->ReadLines()) printed += line;
    if (ended.has_value()) break;
    absl::SleepFor(absl::Milliseconds(10));
  }
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse(printed, error);
  tour->checks->Expect(!error && value.is_object(), "verify reports", printed.substr(0, 300));
  return !error && value.is_object() ? value.as_object() : boost::json::object();
}

// The columns household, reward, held, civic.
std::map<std::string, Points> FromJournal(const std::string& path) {
  std::map<std::string, Points> books;
  const absl::StatusOr<std::string> text = ReadWholeFile(path);
  if (!text.ok()) return books;
  CsvReader reader(*text);
  CsvRecord record;
  reader.Next(&record);
  while (reader.Next(&record)) {
    int64_t reward = 0, held = 0, civic = 0;
    if (record.fields.size() != 4 || !absl::SimpleAtoi(record.fields[1], &reward) || !absl::SimpleAtoi(record.fields[2], &held) ||
        !absl::SimpleAtoi(record.fields[3], &civic)) {
      continue;
    }
    books[record.fields[0]] = {reward, held, civic};
  }
  return books;
}

}  // namespace

boost::json::object CompareBooks(Tour* tour) {
  Checks& checks = *tour->checks;
  const std::string path = tour->demo->workspace().Path("balances.csv");
  const std::vector<std::string> numbers = Numbers(*tour);
  std::map<std::string, Points> server = FromServer(tour, numbers);
  const boost::json::object report = Verify(tour, path);
  const std::map<std::string, Points> journal = FromJournal(path);
  const auto number = [&](const char* name) {
    const boost::json::value* value = report.if_contains(name);
    return value != nullptr && value->is_int64() ? value->as_int64() : -1;
  };
  checks.ExpectEqual(number("findings_total"), 0, "verify finds nothing wrong");
  checks.ExpectEqual(number("digests_equal"), 257, "the server's state equals the fold of the journal in every partition");
  const bool in_redis = tour->demo->workspace().mode() != DemoMode::kEmbedded;
  checks.ExpectEqual(number("redis_digests_equal"), in_redis ? 257 : 0, "what lies in Redis equals the fold of the journal");
  checks.ExpectEqual(journal.size(), numbers.size(), "the journal knows every household");
  // The timers go on meanwhile: who got a badge after being asked about is asked about again.
  std::vector<std::string> again;
  for (const auto& [household, points] : journal) {
    const auto said = server.find(household);
    if (said != server.end() && said->second != points) again.push_back(household);
  }
  for (const auto& [household, points] : FromServer(tour, again)) server[household] = points;
  int64_t differences = 0;
  std::string first;
  for (const auto& [household, points] : journal) {
    const auto said = server.find(household);
    if (said != server.end() && said->second == points) continue;
    if (differences++ == 0) {
      first = absl::StrCat("household ", household, ": journal ", Show(points), ", server ",
                           said == server.end() ? "nothing" : Show(said->second));
    }
  }
  checks.Expect(differences == 0 && server.size() == journal.size(), "every balance equals the sum over the journal",
                absl::StrCat(differences, " differ; ", first));
  return {{"balances_compared", static_cast<int64_t>(journal.size())},
          {"balances_different", differences},
          {"transactions", number("transactions")},
          {"findings", number("findings_total")},
          {"digests_equal", number("digests_equal")}};
}

}  // namespace fenfen::ctl
