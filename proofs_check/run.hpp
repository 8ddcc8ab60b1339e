// Runs claims: draws the instances, decides every comparison, finds the constants, sets the false twin on the
// same machinery, and keeps a log that a killed run can be resumed from.
//   DIR/run.json      what was planned: seed, level, versions, claims
//   DIR/claims.jsonl  a line a finished claim, flushed as it comes
#pragma once

#include <filesystem>
#include <functional>

#include "numeric/parallel.hpp"
#include "proofs_check/claim.hpp"

namespace attnbounds {

struct RunSettings {
  std::uint64_t seed = 0;
  Level level = Level::quick;
  ThreadCount threads = all_cores();
};

/// An instance that shows something: the worst one, or the one that refutes.
struct Witness {
  std::size_t index = 0;
  std::string comparison;
  Json instance;      // exact numbers
  Compared compared;  // left <= right
  int shrink_steps = 0;
  Json to_json() const;
};

struct TwinResult {
  std::string name;
  Verdict verdict = Verdict::undecided;  // refuted is what a false twin must be
  std::optional<Witness> witness;
};

struct ClaimResult {
  Verdict verdict = Verdict::undecided;
  std::size_t instances = 0;
  std::optional<double> ratio;   // an upper bound of the largest observed/bound; at most 1 where verified
  std::optional<Witness> worst;  // where it is attained; where verdict is refuted, the shrunk counterexample
  Bits precision;                // the largest any instance needed; 0: exact arithmetic
  TwinResult twin;
  Found constants;
  double seconds = 0;
  bool twin_refuted() const { return twin.verdict == Verdict::refuted; }
};

/// Called with (instances done, instances in all), from any thread.
using InstanceProgress = std::function<void(std::size_t, std::size_t)>;

/// Errors: std::logic_error if an instance breaks a hypothesis of its claim (the generator is wrong).
ClaimResult run_claim(const Claim& claim, const RunSettings& settings, const InstanceProgress& progress = {});

/// The instance of a witness in a log line, drawn again (of the twin, if the twin's), and the comparison it
/// is about; none where there is none, or it was shrunk: then no draw gives it.
struct DrawnAgain {
  AnyCase instance;
  const Comparison* comparison = nullptr;
};
enum class Of { claim, twin };
std::optional<DrawnAgain> drawn_again(const Claim& claim, const RunSettings& settings, const Json& witness,
                                      Of of);

/// What a verdict is called: a claim that was sampled is never "verified", but "statistical".
const char* verdict_name(Standing standing, Verdict verdict);
/// The line of claims.jsonl.
Json log_line(const Claim& claim, const ClaimResult& result);
/// The entry of `verify --json`, made from a line of claims.jsonl, so that a resumed run prints the same.
Json verify_entry(const Json& line);
/// Of lines of claims.jsonl and of heads.jsonl together: refuted if one is, or if a false twin was not
/// refuted (that check cannot fail); else undecided if one is.
Verdict overall_verdict(const std::vector<Json>& claim_lines, const std::vector<Json>& head_lines);
Json versions();

/// The log of a run. Opening it writes run.json; with Resume::yes, lines of an earlier run with the same seed
/// and level are kept (a cut last line is dropped) and `finished` finds them.
class RunLog {
 public:
  enum class Resume { no, yes };
  RunLog(std::filesystem::path directory, const RunSettings& settings,
         const std::vector<const Claim*>& planned, Resume resume);
  const Json* finished(const std::string& id) const;
  void append(const Json& line);
  /// All lines, in the order given (a run over several ranks appends them in any order).
  void rewrite(const std::vector<Json>& lines);

 private:
  std::filesystem::path file_;
  std::map<std::string, Json> finished_;
};

/// Appends one line to a JSON-lines file and flushes it. Errors: InputError if it cannot be written.
void append_line(const std::filesystem::path& file, const Json& line);

}  // namespace attnbounds
