// The journeys of demo-check: what a resident, a merchant, staff and a device do with a running district, step by step, and what each step
// must answer. Each journey uses what the ones before it left behind.
//
// Not thread-safe.
#ifndef FENFEN_CLIENTS_CTL_CHECK_JOURNEYS_H_
#define FENFEN_CLIENTS_CTL_CHECK_JOURNEYS_H_

#include <boost/json/object.hpp>
#include <string>

#include "clients/cpp/request_id.h"
#include "clients/ctl/check/checks.h"
#include "clients/ctl/check/http.h"
#include "clients/ctl/demo/demo.h"

namespace fenfen::ctl {

// Somebody signed in.
struct SignedIn {
  std::string token, subject, household, merchant, region;
};

// What the journeys share.
struct Tour {
  Demo* demo;
  Checks* checks;
  HttpClient http;
  client::RequestIds ids;
  std::string bin;

  SignedIn resident, merchant, staff;
  SignedIn chief, auditor;      // of the whole district
  std::string station_code;     // the one the resident used
  std::string drop_request_id;  // and for what
  std::string drop_entry;
  std::string voucher_code;  // captured by the merchant
  std::string appeal = {};   // against the resident's drop
  std::string founded = {};  // the number of a household that was founded; empty for none

  // Signs in through the sandbox.
  SignedIn SignIn(const std::string& openid);
  // The present code of the resident's first station, by its device.
  std::string StationCode();
  // Calls somebody's GET or POST; notes it as a failed expectation where it is not answered with 200.
  HttpAnswer Get(const std::string& what, const SignedIn& who, const std::string& path);
  HttpAnswer Post(const std::string& what, const SignedIn& who, const std::string& path, boost::json::object body);
  // Notes whether a call is refused for this reason.
  void Refused(const std::string& what, const SignedIn& who, const std::string& path, boost::json::object body, const std::string& reason);
  // Spendable reward points of the resident's household, hundredths.
  int64_t Balance();
};

// What the month before has left, in what people and staff are shown. First of all.
void HistoryJourney(Tour* tour);
// Scan, credit, the same again, statement, offers, voucher, its QR image.
void ResidentJourney(Tour* tour);
// Capture, the same again, a second capture, the day's list.
void MerchantJourney(Tour* tour);
// Find, balance, statement, trace to the journal.
void StaffJourney(Tour* tour);
// What else residents do: invite, give, cancel, choose, appeal; boards, notices.
void HouseholdJourney(Tour* tour);
// What else staff do, two of them where it takes two: cards, consents, adjustments, reversals, appeals, settlements; and what an auditor
// sees.
void OfficeJourney(Tour* tour);
// A drop by the agent, poison, a forged batch, everything sent again.
void DeviceJourney(Tour* tour);
// Bad input of every kind: its own reason and status, and nothing changed.
void Refusals(Tour* tour);

}  // namespace fenfen::ctl

#endif  // FENFEN_CLIENTS_CTL_CHECK_JOURNEYS_H_
