// Appeals: one open at a time, answered by somebody who did not make the entry, closed.
#include "ledger/points/correcting/appeal.h"

#include "tests/ledger/points/correcting/correcting_fixture.h"

namespace fenfen {
namespace {

using testing::HasSubstr;

class AppealTest : public testing::Test, public CorrectingFixture {
 protected:
  void SetUp() override {
    EXPECT_OK(Drop(1, v1::CATEGORY_FOOD, 500));
    drop_ = last();
  }
  PartitionSeq drop_;
};

TEST_F(AppealTest, IsAnsweredAndClosed) {
  EXPECT_OK(Appeal(drop_));
  EXPECT_EQ(LastSentence(), "对 2026-06-15 的投放记录提出申诉（称重有误），等待工作人员答复");
  const absl::Status second = Appeal(drop_);
  EXPECT_EQ(ReasonOf(second), Reason::REASON_APPEAL_OPEN);
  EXPECT_THAT(RefusalOf(second).zh, HasSubstr("2026-06-15 08:00"));
  EXPECT_OK(Answer(drop_));
  EXPECT_EQ(LastSentence(), "对 2026-06-15 的投放记录的申诉未成立（经核实记录无误），如有新的材料可以再次申诉");
  EXPECT_EQ(ReasonOf(Answer(drop_)), Reason::REASON_APPEAL_CLOSED);
  EXPECT_EQ(Reward(1), 100) << "nothing is posted";
}

TEST_F(AppealTest, UpheldNamesWhatPutItRight) {
  EXPECT_OK(Appeal(drop_));
  EXPECT_OK(Reverse(drop_));
  const PartitionSeq reversal = last();
  EXPECT_OK(Drop(1, v1::CATEGORY_RESIDUAL, 500));
  EXPECT_EQ(ReasonOf(Answer(drop_, last())), Reason::REASON_REMEDY_INVALID) << "a drop puts nothing right";
  EXPECT_OK(Answer(drop_, reversal));
  EXPECT_THAT(LastSentence(), HasSubstr("的申诉成立"));
  EXPECT_EQ(ReasonOf(Reverse(drop_)), Reason::REASON_REVERSED_ALREADY) << "the case still knows";
}

TEST_F(AppealTest, AReversalOfAnotherEntryIsNoRemedy) {
  EXPECT_OK(Drop(1, v1::CATEGORY_FOOD, 500));
  const PartitionSeq other = last();
  EXPECT_OK(Appeal(drop_));
  EXPECT_OK(Reverse(other));
  EXPECT_EQ(ReasonOf(Answer(drop_, last())), Reason::REASON_REMEDY_INVALID);
  const absl::StatusOr<uint64_t> proposal = Propose(100);
  ASSERT_TRUE(proposal.ok());
  EXPECT_OK(Approve(*proposal));
  EXPECT_OK(Answer(drop_, last()));
}

TEST_F(AppealTest, WhoCausedTheEntryDoesNotJudgeIt) {
  const absl::StatusOr<uint64_t> proposal = Propose(100);
  ASSERT_TRUE(proposal.ok());
  EXPECT_OK(Approve(*proposal, "staff/b"));
  const PartitionSeq adjustment = last();
  EXPECT_OK(Appeal(adjustment));
  EXPECT_EQ(ReasonOf(Answer(adjustment, PartitionSeq(0), "staff/b")), Reason::REASON_CHECKER_IS_MAKER);
  EXPECT_OK(Answer(adjustment, PartitionSeq(0), "staff/low"));
}

TEST_F(AppealTest, NotForEverAndNotAgainstEverything) {
  EXPECT_EQ(ReasonOf(Answer(drop_)), Reason::REASON_APPEAL_UNKNOWN);
  for (int n = 0; n < kAppealsMax; ++n) {
    EXPECT_OK(Appeal(drop_));
    EXPECT_OK(Answer(drop_));
  }
  EXPECT_EQ(ReasonOf(Appeal(drop_)), Reason::REASON_APPEALS_TOO_MANY);
  EXPECT_EQ(ReasonOf(Appeal(last())), Reason::REASON_ENTRY_NOT_APPEALABLE);
  EXPECT_EQ(ReasonOf(Appeal(drop_, 0)), Reason::REASON_CORRECTION_REASON_UNKNOWN);
}

}  // namespace
}  // namespace fenfen
