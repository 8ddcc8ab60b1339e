// On which real heads does polynomial attention win? tests/data/heads, tiled to n = 2^16 tokens, for
// guaranteed errors of 1e-2, 1e-3, 1e-6 of max|V|, without splitting (one group, but the best basis) and with
// 8 and 16 groups of queries and of keys. A row heads/HEAD/eps=E: the cheapest plan that is proved at n = 256
// (tiling repeats rows, so half-widths, shares and bounds are those of the tiled head), its ranks, and the
// ratio of the exact method's time over its own by the cost model of this machine; where that exceeds 1/2
// both are run at 2^16. Rows repeat: more groups than 16 would win by there being 256 different tokens only,
// which says nothing.
#include <cmath>
#include <filesystem>

#include "kernels/cost_model.hpp"
#include "kernels/exact_attention.hpp"
#include "kernels/split_attention.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/npy.hpp"
#include "support.hpp"

namespace {

using namespace attnbounds;
using namespace attnbounds::bench;

constexpr long tiled_tokens = 1L << 16, most_rank = 1L << 18;

AttentionInput head(const std::filesystem::path& folder) {
  return {read_npy(folder / "q.npy"), read_npy(folder / "k.npy"), read_npy(folder / "v.npy")};
}
Matrix<double> tiled(const Matrix<double>& m) { return m.replicate(tiled_tokens / m.rows(), 1); }

const CostModel& model() {
  static const CostModel measured = measured_cost_model();
  return measured;
}

// Seconds of a plan at 2^16 tokens, by the model.
double seconds_of_plan(const SplitAttention& split, Eigen::Index columns, ThreadCount threads) {
  const double tokens =
      static_cast<double>(tiled_tokens) * static_cast<double>(split.query_groups + split.key_groups);
  const std::array<double, 3>& p = model().polynomial;
  return tokens * split.mean_rank * (p[1] + p[2] * static_cast<double>(columns + 1)) /
         static_cast<double>(threads.value);
}

void head_row(benchmark::State& state, const std::filesystem::path& folder, const std::string& epsilon) {
  const AttentionInput input = head(folder);
  const Rational budget = rational_from_text(epsilon, "eps") * to_rational(max_abs(input.v));
  const ThreadCount threads = all_cores();
  const AttentionShape shape{tiled_tokens, tiled_tokens, input.q.cols(), input.v.cols(), Mask::none, threads};
  const double exact_seconds = model().exact_seconds(shape);

  double least = INFINITY, unsplit = INFINITY, best_room = 1;
  std::optional<SplitAttention> best;
  for (const long groups : {1L, 8L, 16L})
    for (const double room : {3.0, 1.0}) {
      if (groups == 1 && room > 1) continue;
      SplitRequest request{rational_from_text(epsilon, "eps"), groups, groups, most_rank, room, threads};
      const auto plan = plan_split_attention(input, request);
      if (!plan) continue;
      const double seconds = seconds_of_plan(*plan, input.v.cols(), threads);
      if (seconds >= least) continue;
      auto split = split_attention(input, request);
      if (!split || !(split->result.bound <= budget)) continue;
      if (groups == 1) unsplit = seconds;
      least = seconds;
      best_room = room;
      best = std::move(split);
    }
  state.SetIterationTime(0);
  state.counters["ratio_unsplit"] = exact_seconds / unsplit;
  if (!best) {
    state.counters["ratio"] = 0;
    state.SetLabel("no plan of rank <= 2^18 is proved");
    return;
  }
  state.counters["ratio"] = exact_seconds / least;
  state.counters["groups"] = static_cast<double>(best->key_groups);
  state.counters["mean_rank"] = best->mean_rank;
  state.counters["half_width"] = best->mean_half_width;
  state.counters["left_out"] = static_cast<double>(best->left_out) / static_cast<double>(best->pairs);
  state.counters["error_bound"] = best->result.bound.value() / max_abs(input.v);
  if (exact_seconds / least < 1.5) {
    state.SetLabel("rival: fused exact, by the cost model");
    return;
  }
  const AttentionInput many{tiled(input.q), tiled(input.k), tiled(input.v)};
  const ScoreRange<double> range = score_range(many.q, many.k, threads);
  constexpr long sample = tiled_tokens / 32;
  const double exact =
      32 * seconds_of([&] {
        exact_attention_rows<double>(many.q, many.k, many.v, range, Mask::none, 0, sample, threads);
      });
  std::optional<SplitAttention> ours;
  const double seconds = seconds_of([&] {
    ours = split_attention(many, {rational_from_text(epsilon, "eps"), best->query_groups, best->key_groups,
                                  most_rank, best_room, threads});
  });
  state.SetIterationTime(seconds);
  state.counters["ratio_measured"] = exact / seconds;
  state.counters["rival_seconds"] = exact;
  state.counters["error_bound"] = ours ? ours->result.bound.value() / max_abs(input.v) : INFINITY;
  state.SetLabel("rival: fused exact, both run at n = 65536");
}

const int registered = [] {
  std::vector<std::filesystem::path> folders;
  std::error_code error;
  for (const auto& entry :
       std::filesystem::directory_iterator(ATTNBOUNDS_SOURCE_DIR "/tests/data/heads", error))
    if (std::filesystem::exists(entry.path() / "instance.json")) folders.push_back(entry.path());
  std::sort(folders.begin(), folders.end());
  for (const std::string epsilon : {"1e-2", "1e-3", "1e-6"})
    for (const auto& folder : folders)
      register_row("heads/" + folder.filename().string() + "/eps=" + epsilon,
                   [folder, epsilon](benchmark::State& state) { head_row(state, folder, epsilon); });
  return 0;
}();

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  (void)registered;
}
