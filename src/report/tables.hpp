// What the report says, before any format: the counts, the reading of the heads, the tables. Bounds are shown
// rounded up, so that a shown bound is still one; measurements are rounded to nearest.
#pragma once

#include <string>
#include <vector>

#include "report/run_record.hpp"

namespace attnbounds {

enum class Align { left, right };
struct Column {
  std::string title, latex;
  Align align = Align::right;
};
struct Table {
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;
  std::string throughout;  // "Throughout: n = 256. ": columns left out because all rows agree
};

inline constexpr const char* kNone = "–";  // shown where a run has no value

std::string rounded_down(const std::optional<Rational>& x, int digits);
std::string rounded_up(const std::optional<Rational>& x, int digits);
std::string rounded(double x, int digits);
std::string seconds_text(const std::optional<double>& seconds);
std::string precision_text(const ClaimRecord& claim);
std::string twin_text(const ClaimRecord& claim);

/// "checked"; "no certificate: why".
std::string mark_text(const CertificateMark& mark);
/// "Certificates, by attnbounds-check: 114 checked; 3 numbers have none: why." Empty if none were asked for.
std::string certificate_sentence(const std::vector<CertificateMark>& marks);
std::vector<CertificateMark> marks_of(const std::vector<DegreeRecord>& degrees, ErrorKind kind);
std::vector<CertificateMark> marks_of(const std::vector<ThresholdRecord>& thresholds);
std::vector<CertificateMark> marks_of(const std::vector<PropagationRecord>& rows);  // one a series
std::vector<CertificateMark> marks_of(const std::vector<HyperAttentionRecord>& rows);

Table heads_table(const std::vector<HeadRecord>& heads);
Table worst_inputs_table(const std::vector<WorstInputRecord>& inputs);
Table hyper_attention_table(const std::vector<HyperAttentionRecord>& rows);
/// The kappa* of the threshold's figures.
Table stars_table(const std::vector<ThresholdRecord>& thresholds);
/// A row a series: its last layer.
Table propagation_table(const std::vector<PropagationRecord>& rows);
/// A row a paper: how many claims hold, the one whose bound is the most nearly attained, what failed as
/// printed.
Table papers_table(const std::vector<ClaimRecord>& claims);
Table claims_table(const std::vector<ClaimRecord>& claims);

/// "6 verified, 1 refuted, 1 undecided; 1 planned claim not finished. False twins refuted: 8 of 8."
std::string summary(const RunRecord& run);
/// What must not be missed: refuted claims, twins that were not refuted; one sentence each.
std::vector<std::string> warnings(const RunRecord& run);
/// Two sentences: where B stands against sqrt(log n), and how many heads the polynomial method reaches.
std::string reading_of_heads(const std::vector<HeadRecord>& heads);

/// A witness in words, a line a fact: which comparison, both sides, the instance (exact).
std::vector<std::pair<std::string, std::string>> witness_facts(const Json& witness);
/// A constant that the run found: "upper", "largest degree/F: in [2.02, 2.03], attained at instance 7".
std::vector<std::pair<std::string, std::string>> constant_facts(const ClaimRecord& claim);

// Sentences that all formats share.
/// One or two sentences: are the bounds kept, and how far do they say something about real weights.
std::string reading_of_propagation(const std::vector<PropagationRecord>& rows);
/// How many inputs break the column assumption, and how many planted rows the sampled output shows.
std::string reading_of_hyper_attention(const std::vector<HyperAttentionRecord>& rows);
extern const char* const kHyperAttentionCaption;
extern const char* const kStarsCaption;
extern const char* const kPropagationCaption;
extern const char* const kGrowthCaption;
extern const char* const kPropagationTableCaption;
extern const char* const kHeadsCaption;
extern const char* const kWorstInputsCaption;
extern const char* const kPapersCaption;
extern const char* const kClaimsCaption;
extern const char* const kStandings;
std::string figure_caption(ErrorKind kind);

/// The commands that check everything again; RUN stands for a new directory.
std::vector<std::string> recheck_commands(const RunRecord& run);
std::string recheck_claim(const RunRecord& run, const std::string& id);

}  // namespace attnbounds
