// Stored facts as key and value: every kind of field, bounded.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ledger/points/facts_text.h"

namespace fenfen {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(FactsText, EveryFieldThatIsSetIsThere) {
  ledger::v1::Facts facts;
  EXPECT_THAT(FactsText(facts), IsEmpty());
  ledger::v1::GameFacts::Award& award = *facts.mutable_game()->mutable_award();
  award.set_name("quests/week");
  award.set_reward(300);
  award.set_team(0x12);
  EXPECT_THAT(FactsText(facts),
              ElementsAre(Pair("award.name", "quests/week"), Pair("award.reward", "300"), Pair("award.team", "0000000000000012")));
}

TEST(FactsText, ListsAreNumberedAndHashesHexadecimal) {
  ledger::v1::Facts facts;
  ledger::v1::ReversalFacts& reversal = *facts.mutable_correcting()->mutable_reversal();
  reversal.set_entry(7);
  reversal.mutable_grounds()->set_reason(3);
  reversal.mutable_grounds()->add_attachments("\x01\xff");
  EXPECT_THAT(FactsText(facts), ElementsAre(Pair("reversal.entry", "7"), Pair("reversal.grounds.reason", "3"),
                                            Pair("reversal.grounds.attachments.1", "01ff")));
}

TEST(FactsText, LongListsAreCut) {
  ledger::v1::Facts facts;
  for (int i = 0; i < 100; ++i) facts.mutable_keeping()->mutable_expiry()->add_lots()->set_amount(i + 1);
  EXPECT_EQ(FactsText(facts).size(), 8u);
}

}  // namespace
}  // namespace fenfen
