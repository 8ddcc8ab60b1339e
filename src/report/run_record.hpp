// A run directory, as `verify --out` leaves it, read with every field checked:
//   run.json       seed, level, versions, the claims planned
//   claims.jsonl   a line a finished claim
//   heads.jsonl    a line a real attention head (optional)
//   degrees.jsonl  a line a proved least degree (optional)
//   thresholds.jsonl  lines of the threshold's theory, as in phase.jsonl (optional)
//   worst_inputs.jsonl  a line a searched program, from `challenge --search --out` (optional)
//   hyper_attention.jsonl  a line an input of HyperAttention (optional)
//   propagation.jsonl  a line a layer of a transformer with perturbed weights (optional)
//   certificates.jsonl  what attnbounds-check said, a line a number (optional: `verify --certificates`)
// The keys are listed in docs/report.md. A last line without its newline that does not parse is what a killed
// run leaves: it is noted and left out. Any other malformed line is an InputError with file and line number.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "numeric/proved.hpp"
#include "polynomial/polynomial.hpp"

namespace attnbounds {

using Json = nlohmann::ordered_json;

/// What attnbounds-check said of a number's certificates.
struct CertificateMark {
  std::string said;    // "checked", "rejected", "not checked", "no certificate"; empty: none asked for
  std::string reason;  // why it was rejected, or why there is none
  std::vector<std::string> files;  // from the run's directory
};

struct ClaimRecord {
  std::string id, paper, statement, latex, source, file, status;
  std::vector<std::string> hypotheses, comparisons;
  Verdict verdict = Verdict::undecided;
  std::optional<long> instances, precision;  // precision in bits; 0 is exact arithmetic
  std::string ratio, ratio_exact;            // observed/bound, rounded up; empty where there is none
  Json worst_instance, constants;
  std::string corrects;  // what the paper prints and the claim, or its twin, shows to be false; may be empty
  std::string twin;
  Verdict twin_verdict = Verdict::undecided;  // refuted is what a false twin must be
  Json twin_witness;
  std::optional<double> seconds;
  CertificateMark certificate, twin_certificate;

  bool twin_refuted() const { return twin_verdict == Verdict::refuted; }
  /// What was sampled is never called verified.
  bool sampled() const { return status == "statistical" && verdict == Verdict::verified; }
  const char* verdict_name() const { return sampled() ? "statistical" : name(verdict); }
};

/// A degree and the number of features it takes.
struct DegreeAndRank {
  Degree degree;
  Rational rank;  // C(d+g, g)
};

struct HeadRecord {
  std::string name;
  std::optional<long> layer, index;  // for the order
  long n = 0, d = 0;
  Rational largest_entry;                    // B = max(|q|, |k|, |v|), exact
  std::optional<Rational> half_width;        // of the scores, after the best shifts: proved upper end
  std::optional<Rational> half_width_bound;  // what the kernel proves without forming the scores
  std::optional<DegreeAndRank> least,
      least_for_bound;         // least degree that meets epsilon at either half-width
  std::string method, reason;  // of the guaranteed attention
  std::string epsilon_text;
  Rational epsilon;
  std::optional<Rational> budget, bound,
      error;                             // epsilon max|V|, guaranteed, proved upper end of the true one
  Verdict verdict = Verdict::undecided;  // error <= bound <= budget
  CertificateMark certificate;
};

struct DegreeRecord {
  ErrorKind kind = ErrorKind::relative;
  Rational half_width, epsilon;
  Degree degree;
  std::optional<double> theory;
  CertificateMark certificate;
};

/// A point or a kappa* of the threshold (record "point" or "kappa_star" of phase.jsonl), as far as it is
/// drawn.
struct ThresholdRecord {
  std::string name;    // of the task that found it
  std::string n;       // as text, such as 2^400
  std::string kind;    // matrix, tensor
  std::string series;  // parameters that a figure holds fixed: problem, c, C
  std::string problem;
  double c = 0, C = 0, log_n = 0, kappa = 0;
  std::optional<double> exponent;  // of a point, its proved upper end
  std::optional<double> limit_exponent;
  std::optional<double> star, limit, hard;  // of a kappa*: proved lower end of kappa*; limit; direct route
  // log10 of kappa of the gap routes; the tower's limit is an estimate.
  std::optional<double> log10_reed_solomon, log10_hermitian, log10_tower;
  CertificateMark certificate;
};

/// The worst input that a search found for an attention program.
struct WorstInputRecord {
  std::string program, kind, origin, failure;  // failure: why there is no error, such as a NaN
  long n = 0, d = 0, evaluations = 0, violations = 0;
  Rational box;                   // |entries| <= box
  std::optional<Rational> error;  // proved upper end, at the worst input
  std::optional<Rational> share;  // of the program's own guarantee, the largest over all evaluations
};

/// HyperAttention's parameters on an input, and the errors of its output for one seed; all enclosures.
struct ProvedEnds {
  Rational lower, upper;
};
struct HyperAttentionRecord {
  std::string input, kind;  // uniform, planted, head
  long n = 0, keys = 0, block = 0, samples = 0;
  std::string seed;
  ProvedEnds alpha, alpha_over_keys, spectral_error,
      entry_error;                                        // errors: of |P||V|, of the largest |V| entry
  std::optional<ProvedEnds> kappa, kappa_outside_blocks;  // none: a row has nothing left
  std::optional<ProvedEnds> gap, planted_weight;          // of a planted row that the exact outputs tell
  std::optional<bool> stands_out;                         // it does in the sampled output
  CertificateMark certificate;
};

/// An error and its bounds by the three recursions of docs/gradients.md; infinite where one says nothing.
struct ErrorAgainstBounds {
  double measured = 0, tokens = 0, states = 0, norms = 0;
  double best() const;
};
struct PropagationRecord {
  std::string series;    // the kind of weights
  std::string standing;  // proved (intervals) or estimate (double)
  long layer = 0, n = 0, d = 0;
  std::string delta;
  ErrorAgainstBounds forward, backward, weights, growth;
  double least_singular_value = 0;  // of the layer's softmax matrices, an estimate
  Verdict verdict = Verdict::undecided;
  CertificateMark certificate;  // of the series
};

struct RunRecord {
  std::string seed, level;
  std::vector<std::pair<std::string, std::string>> versions;
  std::vector<std::string> planned;
  std::vector<ClaimRecord> claims;                    // in the order of the plan
  std::vector<HeadRecord> heads;                      // by layer, index, name
  std::vector<DegreeRecord> degrees;                  // by kind, epsilon (largest first), half-width
  std::vector<ThresholdRecord> thresholds;            // as written
  std::vector<WorstInputRecord> worst_inputs;         // the last line of each program, kind and size
  std::vector<HyperAttentionRecord> hyper_attention;  // as written
  std::vector<PropagationRecord> propagation;         // as written: series by series, layer by layer
  std::vector<std::string> unfinished;                // planned, without a line
  std::vector<std::pair<std::string, std::string>> rejected_certificates;  // of what, why
  std::vector<std::pair<std::string, std::string>> files;  // of the run, with the SHA-256 of their results
  std::vector<std::string> notes;  // what the reader of the report must know about the run's files
};

/// nullopt for other records of phase.jsonl. Errors: InputError naming `place` and the key.
std::optional<ThresholdRecord> threshold_record(const Json& line, const std::string& place);

/// Lines of propagation.jsonl. Errors: InputError.
std::vector<PropagationRecord> propagation_records(const std::vector<Json>& lines);

/// SHA-256 of a run's file without its times (the key "seconds" of each line): a run with the same seed and
/// level has the same on every machine.
std::string results_hash(const std::string& json_lines);

/// Errors: InputError, with file and line.
RunRecord read_run(const std::filesystem::path& directory);

}  // namespace attnbounds
