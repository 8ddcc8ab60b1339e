// The worst input of an attention program: in the box |entries| <= B, for given n and d, the input that
// maximises the certified error max|output - exact| (or its quotient by the program's own guarantee).
// The error is certified: the exact output is enclosed, so the error found is a proved lower bound of the
// program's worst error. That nothing worse exists is not claimed.
//   starts      where theory puts the worst: two masses of the sharp perturbation lemma, planted pairs,
//   aligned
//               and constant rows, repeated keys, tiny denominators, large means that cancel, signed zeros,
//               denormals, and random signs and entries
//   search      (mu + lambda): the 12 best known, 16 children a generation, each a parent with one to three
//               coordinate moves (an end, 0, a sign, the next double, a power of two, another entry) or a
//               cross of the rows of two parents
//   shrinking   fewer keys, queries and columns, shorter entries, while half the error (or the violation)
//               stays
// Child number i is drawn from the stream (seed, name, i) and the population, so results do not depend on
// threads, and a resumed search gives the same bytes. Cost: one run and one enclosure an evaluation.
#pragma once

#include <filesystem>

#include "numeric/parallel.hpp"
#include "proofs_check/worst_input/program.hpp"

namespace attnbounds {

enum class Objective { error, guarantee };

struct SearchSettings {
  ProgramKind kind = ProgramKind::matrix;
  long n = 8, d = 4;
  double box = 1;                          // B
  EntryType entries = EntryType::float64;  // narrower, if the program takes only narrower ones
  std::size_t evaluations = 2000;
  std::uint64_t seed = 0;
  ThreadCount threads = all_cores();
  Objective objective = Objective::error;
  std::optional<Rational> claimed;  // the user's claim: error <= claimed * max|V| (gradient: absolute)
  std::optional<std::filesystem::path> state;  // written after every generation; a search resumes from it
};

/// How a program does on one input.
struct Measured {
  Interval error;           // encloses max|output - exact|; meaningless unless `comparable`
  bool comparable = false;  // the output has the right shape and finite entries
  std::optional<Guarantee> guarantee;
  std::string failure;  // why there is nothing to compare
  double score = 0;     // what the search maximises; infinite for an output that is not finite
};
/// The guarantee is violated: shown by enclosures. `settings.claimed` counts when the program claims nothing.
bool violates(const Measured& measured);

Measured measure(const Program& program, const ProgramInput& input, const SearchSettings& settings);

struct FoundInput {
  ProgramInput input;
  Measured measured;
  std::string origin;  // the start it descends from
};
/// One relation that any correct program satisfies: the certified discrepancy from it.
struct RelationResult {
  std::string name;     // accuracy, invariance/key-shift, …
  Interval difference;  // encloses the largest |(change of the output) - (change of the exact output)|
  std::string failure;
};

/// The term of a violated guarantee: rounding or approximation where the other is stated to be 0, rounding
/// where a relation that leaves the approximation alone changes the output by more than twice the term, else
/// bound.
std::string violated_term(const Measured& measured, const std::vector<RelationResult>& relations);

struct SearchResult {
  EntryType entries = EntryType::float64;  // that the search used
  std::vector<FoundInput> starts;          // every start, as measured
  FoundInput worst, shrunk;
  std::size_t evaluations = 0, failures = 0, violations = 0;
  std::optional<double> largest_share;  // of the guarantee, rounded up, over all evaluations
  std::vector<RelationResult> relations;
};

using SearchProgress = std::function<void(std::size_t done, std::size_t budget, double worst)>;

/// Errors: InputError (settings, a state of another search).
SearchResult search_worst_input(const Program& program, const SearchSettings& settings,
                                const SearchProgress& progress = {});

/// The structured starts, by name, each in the box.
std::vector<std::pair<std::string, ProgramInput>> structured_starts(const SearchSettings& settings);

/// The input with its entries rounded to the type.
ProgramInput rounded(ProgramInput input, EntryType type, double box);

/// accuracy; invariance: key-shift, key-permutation, value-scaling, duplicated-keys; parity: blocked, batch.
/// Those that the kind has. Inputs of a relation may leave the box.
std::vector<RelationResult> check_relations(const Program& program, const ProgramInput& input,
                                            const SearchSettings& settings);

nlohmann::ordered_json search_json(const SearchResult& result, const SearchSettings& settings);

}  // namespace attnbounds
