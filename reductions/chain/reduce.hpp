// The chain formula -> orthogonal vectors [-> gap inner product] -> attention [-> gradient], into a folder:
// every intermediate instance, the parameters of every map back, receipts, instance.json. See
// docs/reductions.md for the files.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "numeric/scalars.hpp"
#include "reductions/attention/threshold.hpp"
#include "reductions/cnf/formula.hpp"

namespace attnbounds {

enum class Target { vectors, gap, attention, gradient };
enum class Route { direct, gap };

/// l, T, q of the protocol when they are given.
struct ChosenProtocol {
  long nodes = 0, columns = 0, field = 0;
};

struct ReduceRequest {
  Target target = Target::attention;
  Route route = Route::direct;
  std::optional<long> arity;      // 2 unless the input is a file of vectors
  std::optional<Rational> kappa;  // B = kappa (log n)^{1/p}; otherwise margin
  Rational margin = 3;            // YES output >= R/(R+1), NO <= 1/(R+1)
  CodeKind code = CodeKind::reed_solomon;
  std::optional<ChosenProtocol> protocol;  // otherwise the smallest
  std::optional<long> sparsify;            // theta: one instance a leaf, the answer is their disjunction
};

/// A folder under another name, renamed when it is whole. Errors: InputError if `path` exists and is not an
/// empty folder.
class NewFolder {
 public:
  explicit NewFolder(std::filesystem::path path);
  ~NewFolder();
  NewFolder(const NewFolder&) = delete;
  const std::filesystem::path& beside() const { return beside_; }
  void publish();

 private:
  std::filesystem::path path_, beside_;
};

/// Writes the folder; returns its instance.json. `input` is DIMACS or `p ov`. Errors: InputError.
/// Sparsified: kind `disjunction`, `leaves` names folders, each the reduction of one leaf; n, d, B, kappa are
/// the largest of the leaves', gap and epsilon the least.
nlohmann::ordered_json reduce(const std::filesystem::path& input, const ReduceRequest& request,
                              const std::filesystem::path& folder);

/// What the chain would start from: vectors a family, their dimension, families. Errors: InputError.
struct VectorSizes {
  long vectors = 0, dimension = 0, arity = 2;
};
VectorSizes vector_sizes(const std::filesystem::path& input, std::optional<long> arity);

/// The fields that every attention instance has: kind, n, d, B, kappa, exponent, gap, epsilon, decision.
nlohmann::ordered_json attention_fields(const ThresholdParameters& parameters);

/// Writes q, k, v (k2, v2) and returns the field `matrices`.
nlohmann::ordered_json write_attention(const ThresholdParameters& parameters,
                                       const std::vector<SignMatrix>& families,
                                       const std::filesystem::path& folder);

inline constexpr long kMostEntries = 1L << 28;  // of all matrices: 2 GiB

}  // namespace attnbounds
