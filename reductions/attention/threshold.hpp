// Inner products -> attention with one threshold. Families x_1, …, x_p of integer vectors (p = 2: matrix
// attention, p = 3: tensor attention), scores s = sigma sum_l x_1l … x_pl, sigma = +-1, and the promise
//     some tuple has s >= yes,   or   all tuples have s <= no,   no < yes.
// Rows (r > 0, w doubles; |x| <= 1, so that every entry is at most B = r):
//     Q = [r x_1, r 1_e],   K1 = [sigma r x_2, w 1_e],   K2 = [r x_3, r 1_e]  (p = 3),   d = dimension + e,
// and one anchor, a row of zeros, at the end of K1 (and of K2); values 1 on the genuine rows, 0 on anchors.
// The score of a genuine tuple is (r^p s + r^{p-1} e w)/d, that of any tuple with an anchor 0. With T genuine
// tuples and A anchor tuples a row (p = 2: T = n, A = 1; p = 3: T = n m, A = n + m + 1) output i is
//     S_i/(S_i + A),   S_i = sum of e^score over genuine tuples.
// With r^p (yes - no)/d >= log T + 2 log R and e^{(r^p yes + r^{p-1} e w)/d} = A R:
//     YES: some output >= R/(R + 1);   NO: every output <= 1/(R + 1).       (*)
// e is the least number of columns for which |w| <= r. r is rounded up, w to nearest; the two sides of (*)
// are then enclosed from the doubles that stand in the matrices, as scores are exact rationals in r, w.
// Entries: B = r = ((log T + 2 log R) d/(yes - no))^{1/p}. Orthogonal vectors (sigma = -1, yes = 0, no = -1,
// d = C log n + 1): B = Theta(log n) for p = 2, Theta((log n)^{2/3}) for p = 3, so a gap is needed; with
// yes - no = Theta(d): B = Theta((log n)^{1/p}).
// (Our variant of Haverbeck et al. 2026, Lemma A.5: one anchor instead of n, and no balancing.)
#pragma once

#include <cstdint>
#include <vector>

#include "attention/input.hpp"
#include "numeric/proved.hpp"
#include "reductions/gap_inner_product/protocol.hpp"

namespace attnbounds {

/// Entries -1, 0, 1.
using SignMatrix = Eigen::Matrix<std::int8_t, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
SignMatrix sign_matrix(const BitMatrix& bits);

enum class ScoreSign { positive = 1, negative = -1 };

struct ScorePromise {
  ScoreSign sign = ScoreSign::positive;
  long yes = 1, no = 0;
};
inline ScorePromise orthogonality_promise() { return {ScoreSign::negative, 0, -1}; }
inline ScorePromise promise_of(const GapInnerProduct& gap) { return {ScoreSign::positive, gap.yes, gap.no}; }

/// The numbers of one instance. Everything an observer needs to re-derive the two sides of (*).
struct ThresholdParameters {
  long arity = 2;
  std::vector<long> rows;  // of each family
  long dimension = 0;      // of the vectors
  ScorePromise promise;
  long bias_columns = 1;                                     // e
  double entry = 0;                                          // r = B
  double bias = 0;                                           // w
  long columns() const { return dimension + bias_columns; }  // d
  Rational tuples() const;                                   // T
  Rational anchors() const;                                  // A
  long tokens() const;                                       // n of the attention instance: its most rows
};

/// From the margin R > 1. Errors: InputError for a margin at most 1.
ThresholdParameters threshold_for_margin(const std::vector<long>& rows, long dimension, ScorePromise promise,
                                         const Rational& margin);
/// From B = kappa (log n)^{1/p}, whatever that proves. Where no bias of entries <= B lifts a yes to A R, the
/// largest one is taken (the guarantee is enclosed from what stands in the matrices in any case). At least
/// `columns` columns.
ThresholdParameters threshold_for_kappa(const std::vector<long>& rows, long dimension, ScorePromise promise,
                                        const Rational& kappa, long columns = 0);
/// The least kappa with a margin above 1, rounded up.
double least_kappa(const std::vector<long>& rows, long dimension, ScorePromise promise);

/// The sides of (*), from the doubles r and w: at the working precision.
struct ThresholdGuarantee {
  Interval yes_output, no_output;  // some output >= yes_output, or all outputs <= no_output
};
ThresholdGuarantee guarantee(const ThresholdParameters& parameters);

/// B/(log n)^{1/p}; 0 if n = 1.
double kappa_of(const ThresholdParameters& parameters);

AttentionInput matrix_instance(const ThresholdParameters& parameters,
                               const std::vector<SignMatrix>& families);
TensorAttentionInput tensor_instance(const ThresholdParameters& parameters,
                                     const std::vector<SignMatrix>& families);

}  // namespace attnbounds
