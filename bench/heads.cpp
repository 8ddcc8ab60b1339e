// On which real heads does polynomial attention win? tests/data/heads, tiled to n = 2^16 tokens, for
// guaranteed errors of 1e-2, 1e-3, 1e-6 of max|V|. A row heads/HEAD/eps=E:
//   rank_one        C(d+g, g) of one polynomial in all d variables, for the half-width in O(n d), no
//   splitting ratio_one       fused exact over that, by the cost model of this machine ratio_unsplit   the
//   same with one group in its best basis ratio           the cheapest plan with 8 or 16 groups of queries
//   and of keys that is proved at n = 256
//                   (tiling repeats rows, so half-widths, shares and bounds are those of the tiled head)
//   ratio_hybrid    the cheapest plan in which groups without a polynomial are computed exactly: by the model
//                   alone, and without a proof (such sums are not built)
// Where `ratio` exceeds 1.5 both are run at 2^16: ratio_measured. heads/wins/eps=E: on how many of the heads
// of this run each exceeds 1. Rows repeat: more groups than 16 would win by there being 256 different tokens
// only, which says nothing.
#include <cmath>
#include <filesystem>
#include <map>

#include "kernels/cost_model.hpp"
#include "kernels/exact_attention.hpp"
#include "kernels/guarantee.hpp"
#include "kernels/monomials.hpp"
#include "kernels/score_interval.hpp"
#include "kernels/split_attention.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/npy.hpp"
#include "polynomial/least_degree.hpp"
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

// Seconds at 2^16 tokens of `groups` sums of queries and of keys of that rank, by the model.
double model_seconds(double rank, double groups, Eigen::Index columns, ThreadCount threads) {
  const std::array<double, 3>& p = model().polynomial;
  return static_cast<double>(tiled_tokens) * groups * rank *
         (p[1] + p[2] * static_cast<double>(columns + 1)) / static_cast<double>(threads.value);
}

struct Wins {
  int heads = 0, one = 0, unsplit = 0, split = 0, hybrid = 0, measured = 0;
};
std::map<std::string, Wins>& wins() {
  static std::map<std::string, Wins> all;
  return all;
}

// One polynomial in all variables: what `--method polynomial` needs.
double rank_of_one(const AttentionInput& input, const Rational& epsilon) {
  const Rational x = shift_scores(input.q, input.k).half_width.exact();
  return rank_about(input.q.cols(),
                    least_degree(x, largest_perturbation(epsilon), ErrorKind::relative).degree);
}

void head_row(benchmark::State& state, const std::filesystem::path& folder, const std::string& text) {
  const AttentionInput input = head(folder);
  const Rational epsilon = rational_from_text(text, "eps"), budget = epsilon * to_rational(max_abs(input.v));
  const ThreadCount threads = all_cores();
  const AttentionShape shape{tiled_tokens, tiled_tokens, input.q.cols(), input.v.cols(), Mask::none, threads};
  const double exact_seconds = model().exact_seconds(shape);
  const double rank_one = rank_of_one(input, epsilon),
               one = model_seconds(rank_one, 2, input.v.cols(), threads);

  double least = INFINITY, unsplit = INFINITY, hybrid = INFINITY, best_room = 1;
  std::optional<SplitAttention> best;
  for (const long groups : {1L, 8L, 16L})  // dense groups: smaller ranks leave more of them
    for (const long rank : {1L << 12, 1L << 15})
      if (const auto plan = plan_split_attention(input, {epsilon, groups, groups, rank, 1, threads}))
        hybrid = std::fmin(
            hybrid, model_seconds(plan->mean_rank, static_cast<double>(2 * groups), input.v.cols(), threads) +
                        plan->dense_scores * exact_seconds);
  for (const long groups : {1L, 8L, 16L})
    for (const double room : {3.0, 1.0}) {
      if (groups == 1 && room > 1) continue;
      const SplitRequest request{epsilon, groups, groups, most_rank, room, threads};
      const auto plan = plan_split_attention(input, request);
      if (!plan) continue;
      const double sums =
          model_seconds(plan->mean_rank, static_cast<double>(2 * groups), input.v.cols(), threads);
      hybrid = std::fmin(hybrid, sums + plan->dense_scores * exact_seconds);
      if (plan->dense_scores > 0 || sums >= least) continue;
      auto split = split_attention(input, request);
      if (!split || !(split->result.bound <= budget)) continue;
      if (groups == 1) unsplit = sums;
      least = sums;
      best_room = room;
      best = std::move(split);
    }
  Wins& count = wins()[text];
  ++count.heads;
  count.one += one < exact_seconds;
  count.unsplit += unsplit < exact_seconds;
  count.split += least < exact_seconds;
  count.hybrid += hybrid < exact_seconds;
  state.SetIterationTime(0);
  state.counters["rank_one"] = rank_one;
  state.counters["ratio_one"] = exact_seconds / one;
  state.counters["ratio_unsplit"] = exact_seconds / unsplit;
  state.counters["ratio_hybrid"] = exact_seconds / hybrid;
  state.counters["ratio"] = exact_seconds / least;
  if (!best) {
    state.SetLabel("no plan of rank <= 2^18 for every pair of groups is proved");
    return;
  }
  state.counters["groups"] = static_cast<double>(best->key_groups);
  state.counters["mean_rank"] = best->mean_rank;
  state.counters["half_width"] = best->mean_half_width;
  state.counters["error_bound"] = best->result.bound.value() / max_abs(input.v);
  state.SetLabel("rival: fused exact, by the cost model");
  if (exact_seconds / least < 1.5) return;
  const AttentionInput many{tiled(input.q), tiled(input.k), tiled(input.v)};
  const ScoreRange<double> range = score_range(many.q, many.k, threads);
  constexpr long sample = tiled_tokens / 32;
  const double exact =
      32 * seconds_of([&] {
        exact_attention_rows<double>(many.q, many.k, many.v, range, Mask::none, 0, sample, threads);
      });
  std::optional<SplitAttention> ours;
  const double seconds = seconds_of([&] {
    ours =
        split_attention(many, {epsilon, best->query_groups, best->key_groups, most_rank, best_room, threads});
  });
  count.measured += ours && ours->result.bound <= budget && seconds < exact;
  state.SetIterationTime(seconds);
  state.counters["ratio_measured"] = exact / seconds;
  state.counters["rival_seconds"] = exact;
  state.counters["error_bound"] = ours ? ours->result.bound.value() / max_abs(input.v) : INFINITY;
  state.SetLabel("rival: fused exact, both run at n = 65536");
}

[[maybe_unused]] const int registered = [] {
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
  for (const std::string epsilon : {"1e-2", "1e-3", "1e-6"})
    register_row("heads/wins/eps=" + epsilon, [epsilon](benchmark::State& state) {
      const Wins& w = wins()[epsilon];
      if (w.heads == 0) return state.SkipWithError("needs rows of heads in the same run");
      state.SetIterationTime(0);
      state.counters["heads"] = w.heads;
      state.counters["one_polynomial"] = w.one;
      state.counters["unsplit"] = w.unsplit;
      state.counters["split"] = w.split;
      state.counters["hybrid_by_model"] = w.hybrid;
      state.counters["measured"] = w.measured;
    });
  return 0;
}();

}  // namespace
