// What an offer in a catalogue update must be like: each field within its form and range. Pure; thread-safe.
#pragma once

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "fenfen/v1/catalogue.pb.h"

namespace fenfen {

// Takes a fault: the field, such as "offers.stock", and what is wrong with it in Chinese and English.
using OfferFault = absl::FunctionRef<void(absl::string_view field, absl::string_view zh, absl::string_view en)>;

// Everything but the name, titles, merchant and regions, which the update checks as it does others'.
void CheckOfferTerms(const v1::Offer& offer, OfferFault fault);

// Stretches of the week, at most 14: weekdays and times have their form, and each ends after it begins. `field`: the list, such as
// "offers.windows".
void CheckWindows(absl::string_view field, const google::protobuf::RepeatedPtrField<v1::SaleWindow>& windows, OfferFault fault);

}  // namespace fenfen
