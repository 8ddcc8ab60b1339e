// Kind "claim-instance": left <= right ("at most") or left > right ("greater", a counterexample) on one exact
// instance. Which two quantities a comparison of a claim sets against each other is in the table here: a
// certificate cannot say that a claim says something else.
#include "kinds.hpp"
#include "lemmas.hpp"

namespace checker {
namespace {

// What a comparison says: the quantity `left` is at most `right` times `scale`. Scale "found" is the
// certificate's, above 0: a constant that a run found.
struct Comparison {
  const char *name, *left, *right = "zero", *scale = "1";
};
struct OfClaim {
  const char* claim;
  std::vector<Comparison> comparisons;
};
struct OfLemma {
  struct {
    const char* name;
    Lemma* evaluate;
  } lemma;
  std::vector<OfClaim> claims;
};
const std::vector<OfLemma> kTable = {
    {{"alternation", alternation},
     {{"aggarwal-alman-2022/alternation",
       {{"alternation", "alternation", "error"},
        {"one point dropped from the sums", "without the last point", "error"}}}}},
    {{"even-taylor-section", even_taylor_section},
     {{"aggarwal-alman-2022/even-taylor-sections-are-positive", {{"0 <= T_g(x)", "zero", "section"}}}}},
    {{"taylor-section", taylor_section},
     {{"aggarwal-alman-2022/even-taylor-sections-are-positive",
       {{"without: g is even", "zero", "section"}}}}},
    {{"taylor-tail", taylor_tail},
     {{"aggarwal-alman-2022/explicit-taylor-degree",
       {{"tail <= delta e^{-X}", "tail", "delta e^-X"},
        {"with relative error delta e^{-3X}", "tail", "delta e^-3X"}}}}},
    {{"degree-formula", degree_formula},
     {{"aggarwal-alman-2022/least-degree",
       {{"degree <= 2 F", "degree", "formula", "2"},
        {"1/2 F <= degree", "formula", "degree", "2"},
        {"the upper constant pushed 10^-9 below the found one", "degree", "formula", "found"}}}}},
    {{"best-absolute-error", best_absolute_error},
     {{"aggarwal-alman-2022/chebyshev-sandwich",
       {{"mean square <= E_g", "mean square", "E_g"},
        {"(pi/2) I_{g+1} <= E_g", "(pi/2) I_{g+1}", "E_g"},
        {"E_g <= 2 sum I_k", "E_g", "2 sum I_k"},
        {"the next term alone, E_g <= 2 I_{g+1}", "E_g", "2 I_{g+1}"}}}}},
    {{"best-relative-error", best_relative_error},
     {{"aggarwal-alman-2022/relative-lower-bounds",
       {{"growth", "X - log((1+E)/(1-E))", "g log(3 + 2 sqrt 2)"},
        {"Bessel", "(pi/2) e^-X I_{g+1}", "E_g"},
        {"half the growth", "X - log((1+E)/(1-E))", "g log(3 + 2 sqrt 2)", "1/2"}}},
      {"aggarwal-alman-2022/relative-sandwich",
       {{"J lower bound", "J bound", "E_g"}, {"twice the bound", "J bound", "E_g", "1/2"}}}}},
    {{"degree-from-above", degree_from_above},
     {{"threshold-2026/degree-from-above",
       {{"F(g*, X) <= what suffices", "F(n, X)", "what suffices"},
        {"half of l suffices", "F(n, X)", "l", "1/2"}}}}},
    {{"adapter-closed-form", adapter_closed_form},
     {{"hu-et-al-2024-lora/closed-form",
       {{"the difference quotient in all six factors lies among the slopes of the segment", "distance",
         "half-width"},
        {"dL/dB_Q = (C1)^T p A_Q C2 as printed, where its shapes fit", "distance as printed",
         "half-width as printed"}}}}},
    {{"adapter-gradients", adapter_gradients},
     {{"hu-et-al-2024-lora/kernel-guarantee",
       {{"the largest error over its bound", "error over its bound", "one"},
        {"the bound over a million", "error over its bound", "one", "1/1000000"}}}}},
    {{"tree-of-moments", tree_of_moments},
     {{"gupta-et-al-2025/relevance-tree",
       {{"error <= bound", "error", "bound"},
        {"an eighth of the cut", "error with an eighth of the cut", "bound"}}}}},
    {{"double-double", double_double},
     {{"alman-song-2023/double-double-reference",
       {{"exp: error in u^2 <= 8", "error/(u^2 e^x)", "one", "8"},
        {"attention: error <= radius", "error/radius", "one"},
        {"exp: error in u^2 <= 1", "error/(u^2 e^x)", "one"}}}}},
    {{"threshold-of-gap", threshold_of_gap},
     {{"alman-song-2023/gap-attention",
       {{"completeness: R/(R+1) - 1e-9 <= the largest output", "completeness", "largest output"},
        {"soundness: the largest output <= 1/(R+1) + 1e-9", "soundness", "1/4 + 1e-9"},
        {"B at 3/4 of the least: gap below log n", "soundness without a gap", "1/4 + 1e-9"}}}}},
    {{"threshold-of-formula", threshold_of_formula},
     {{"alman-song-2023/orthogonality-attention",
       {{"the largest output is on the formula's side of 1/2", "smaller side", "larger side"},
        {"B at 3/4 of the least: gap below log n", "smaller side without a gap",
         "larger side without a gap"}}}}},
    {{"threshold-of-unsatisfiable-formula", threshold_of_unsatisfiable_formula},
     {{"alman-song-2023/anchor-keys",
       {{"every output <= 1/4 + 1e-9", "smaller side", "1/4 + 1e-9"},
        {"anchors dropped", "output without anchors", "1/4 + 1e-9"}}}}},
    {{"planted-tuple", planted_tuple},
     {{"alman-song-2023/planted-families",
       {{"1/2 <= the planted row's output", "half", "planted output"},
        {"every other output <= 1/2", "other outputs", "half"},
        {"another row in the planted one's place", "half", "output of another in its place"}}}}},
    {{"wrong-answer", wrong_answer},
     {{"han-et-al-2023-hyperattention/spectral-norm-decides-nothing",
       {{"gap/(|P| |V|) <= 1/sqrt(N)", "gap/(|P| |V|)", "1/sqrt(N)"},
        {"gap/(|P| |V|) <= 1/N", "gap/(|P| |V|)", "1/N"}}}}},
    {{"decision-from-gradients", decision_from_gradients},
     {{"alman-song-2024-gradient/decision-from-gradients",
       {{"the recovered |Att|^2 is on the formula's side of 1/3", "smaller side", "larger side"},
        {"the factor 2 of the trace identity dropped", "smaller side half way", "larger side half way"}}}}},
    {{"split-and-list", split_and_list_counts},
     {{"abboud-rubinstein-williams-2017/split-and-list",
       {{"orthogonal tuples count satisfying assignments", "difference"},
        {"the last clause is not listed", "difference, one clause fewer"}}}}},
    {{"merlin-arthur", merlin_arthur},
     {{"abboud-rubinstein-williams-2017/merlin-arthur-gap",
       {{"soundness: accepting <= K(l-1)", "accepting, not orthogonal", "K (l - 1)"},
        {"completeness: q <= accepting", "q", "accepting, orthogonal"},
        {"an advice that does not vanish on the nodes", "q", "K (l - 1)"}}}}},
    {{"sparsification", sparsification},
     {{"impagliazzo-paturi-zane-2001/sparsification",
       {{"the leaves' disjunction is the formula", "differences"},
        {"clauses of a leaf <= the bound", "clauses", "clauses allowed"},
        {"the petals' branch dropped", "differences of the hearts"}}}}},
    {{"tree-depth", tree_depth},
     {{"bharadwaj-et-al-2023/draw-cost",
       {{"2^depth < 2 I", "leaves + 1", "2 I"},
        {"I <= 2^depth", "I", "leaves"},
        {"2^depth <= I", "leaves", "I"}}}}},
    {{"one-layer-gradient", one_layer_gradient},
     {{"liang-et-al-2024-multilayer/one-layer-gradient",
       {{"the difference quotient lies among the slopes of the segment", "distance", "half-width"},
        {"Lemma D.17 as printed: f for f^T in D6 to D8, W and W^T exchanged", "distance as printed",
         "half-width as printed"}}}}},
    {{"network-errors", network_errors},
     {{"liang-et-al-2024-multilayer/forward-error",
       {{"error <= the recursion with constants from norms, every layer", "state, norms", "one"},
        {"error <= the recursion with constants from states, every layer", "state, states", "one"},
        {"99 hundredths of the recursion", "state, states", "one", "99/100"}}},
      {"liang-et-al-2024-multilayer/backward-error",
       {{"gradient by the state, exact states", "by the state, fixed", "one"},
        {"gradients by the weights, exact states", "by the weights, fixed", "one"},
        {"gradient by the state, approximate states, constants from norms", "by the state, norms", "one"},
        {"gradient by the state, approximate states", "by the state, states", "one"},
        {"gradients by the weights, approximate states", "by the weights, states", "one"},
        {"99 hundredths of the bound, approximate states", "by the state, states", "one", "99/100"}}},
      {"liang-et-al-2024-multilayer/growth-with-depth",
       {{"error after m layers <= recursion", "last state, states", "one"},
        {"(3/2)^(m-1) e_1 (1 - 2^-40) <= error on aligned networks", "(3/2)^(m-1) e_1 (1 - 2^-40)",
         "last error"},
        {"the error does not grow with depth: e_m <= e_1", "last error", "first error"}}}}},
    {{"sum-of-products", sum_of_products},
     {{"alman-song-2023/tensor-core-product",
       {{"error <= 24 cuts", "error", "|c| + sum |a b|", "3/1048576"},
        {"eight roundings to nearest", "error", "|c| + sum |a b|", "1/2097152"}}}}},
    {{"tree-cover", tree_cover},
     {{"liang-shi-song-zhou-2024-private/tree-cover",
       {{"nodes <= 2 (h - 1)", "nodes", "2 (h - 1)"}, {"one node fewer", "nodes", "2 (h - 1) - 1"}}}}},
    {{"softmax-perturbation", softmax_perturbation},
     {{"alman-song-2023/softmax-perturbation",
       {{"distance <= phi(delta) = 2t", "distance", "phi"},
        {"the usual bound is weaker", "phi", "usual"},
        {"half the bound", "distance", "phi", "1/2"}}}}},
    {{"forward-error", forward_error},
     {{"alman-song-2023/forward-error",
       {{"error <= phi(delta) max|V|", "error", "phi max|V|"},
        {"half the bound", "error", "phi max|V|", "1/2"}}},
      {"alman-song-2024-tensor/forward-error",
       {{"error <= phi(delta) max|V1| max|V2|", "error", "phi max|V|"},
        {"half the bound", "error", "phi max|V|", "1/2"}}},
      {"chakrabarti-pitassi-alman-2026/forward-error",
       {{"error <= phi(delta) prod max|V|", "error", "phi max|V|"},
        {"|scores| <= |h| max(B, 1)^k", "score", "|h| B^k"},
        {"half the bound", "error", "phi max|V|", "1/2"}}}}},
    {{"tree-forward-error", tree_forward_error},
     {{"chakrabarti-pitassi-alman-2026/tree-forward-error",
       {{"error <= 2 tanh((t - 1) artanh(delta)/2) prod max|V|", "error", "all products' bound"},
        {"one edge's bound", "error", "phi max|V|"}}}}},
    {{"tree-attention", tree_attention},
     {{"chakrabarti-pitassi-alman-2026/tree-attention", {{"messages = definition", "difference"}}}}},
    {{"triangle-by-its-tree", triangle_by_its_tree},
     {{"chakrabarti-pitassi-alman-2026/tree-attention", {{"without: h is a tree", "difference"}}}}},
    {{"perturbed-keys", perturbed_keys},
     {{"alman-song-2023/group-perturbation",
       {{"error <= bound", "error", "share"}, {"half the bound", "error", "share", "1/2"}}},
      {"liang-shi-song-yang-2024-prefix/error",
       {{"error <= phi(delta) max|V|", "error", "phi max|V|"},
        {"error <= 2 delta/(1 - delta) share max|V|", "error", "share"},
        {"99 hundredths of phi(delta)", "error", "phi max|V|", "99/100"}}}}},
    {{"kernel-of-values-not-negative", kernel_of_values_not_negative},
     {{"liang-shi-song-zhou-2024-private/relative-error",
       {{"error <= 2 eps/(1 - eps) |Att|", "error", "factor |Att|"}}}}},
    {{"kernel-of-relative-error", kernel_of_relative_error},
     {{"liang-shi-song-zhou-2024-private/relative-error", {{"without: V >= 0", "error", "factor |Att|"}}},
      {"liang-shi-song-zhou-2024-private/relative-error-of-any-values",
       {{"error <= 2 eps/(1 - eps) Att(|V|)", "error", "factor Att|V|"},
        {"nine tenths of the constant", "error", "factor Att|V|", "9/10"}}}}},
    {{"odd-taylor-denominator", odd_taylor_denominator},
     {{"heinsen-kozachkov-2026/denominator",
       {{"sum min(1, e^s) <= denominator", "sum min(1, e^s)", "denominator"}}}}},
    {{"taylor-denominator", taylor_denominator},
     {{"heinsen-kozachkov-2026/denominator", {{"without: P is odd", "sum min(1, e^s)", "denominator"}}}}},
    {{"taylor-attention", taylor_attention},
     {{"heinsen-kozachkov-2026/forward-error",
       {{"error <= phi(delta) max|V|", "error", "phi max|V|"},
        {"half the bound", "error", "phi max|V|", "1/2"}}}}},
    {{"relevant-keys", relevant_keys},
     {{"gupta-et-al-2025/relevant-keys",
       {{"error <= 2 eps (n-1)/(n + eps (n-1)) max|V|", "error", "share"},
        {"error <= 3 eps max|V|", "error", "eps max|V|", "3"},
        {"nine tenths of the constant", "error", "share", "9/10"}}},
      {"gupta-et-al-2025/any-temperature",
       {{"error <= (2 eps (n-1)/(n + eps (n-1)) + phi(delta)) max|V|", "polynomial's error",
         "share + phi max|V|"},
        {"relevant scores within log(1 + eps) + log(n/eps)", "spread", "length"},
        {"the polynomial on all keys", "polynomial's error on all keys", "share + phi max|V|"}}}}},
    {{"largest-product", largest_product},
     {{"gupta-et-al-2025/max-inner-product",
       {{"the output is on its side", "misplaced"}, {"inverse temperature 2 log 2", "misplaced, base 2"}}}}},
    {{"support-decomposition", support_decomposition},
     {{"aliakbarpour-et-al-2025/decomposition",
       {{"w(S) = w(S_s) + w(S_L) - w(0)", "by rows"}, {"split by entries", "by entries"}}}}},
    {{"support-basis", support_basis},
     {{"aliakbarpour-et-al-2025/forward-error", {{"error <= phi(delta) max|V|", "error", "phi max|V|"}}}}},
    {{"support-basis-of-any-constant", support_basis_of_any_constant},
     {{"aliakbarpour-et-al-2025/forward-error", {{"without: P(0) = 1", "error", "phi max|V|"}}}}},
    {{"feature-map", feature_map},
     {{"alman-song-2023/feature-map",
       {{"P(<q,k>/d) = <features of q, features of k>", "defect"},
        {"as many features as C(d+g, g)", "features less C(d+g, g)"},
        {"without the multinomials |a|!/a!", "defect without multinomials"}}}}},
    {{"key-shift", key_shift},
     {{"alman-song-2023/key-shift",
       {{"differences of scores within a row", "change"},
        {"only the first key is shifted", "change by the first key"}}}}},
    {{"rank-of-polynomial", rank_of_polynomial},
     {{"alman-song-2023/rank",
       {{"at most: P(XY^T) = U1 U2^T", "rank", "claimed"},
        {"at least: rank mod p", "claimed", "rank"},
        {"C(d+g, g) bounds it", "claimed", "C(d+g, g)"},
        {"the rank is one lower", "rank", "claimed less one"}}}}},
    {{"gradient-rank", gradient_rank},
     {{"alman-song-2024-gradient/rank",
       {{"f = U1 U2^T", "f"},
        {"f o q = (U1 (x) c)(U2 (x) h)^T row by row, r d_v columns", "f o q"},
        {"p = p1 - (diag(row sums) U1) U2^T", "p"},
        {"Lemma D.5 as printed: U1 (diag(row sums) U2)^T", "p as printed"}}}}},
    {{"closed-form", closed_form},
     {{"alman-song-2024-gradient/closed-form",
       {{"the difference quotient by X lies among the slopes of the segment", "distance", "half-width"},
        {"the same by X, A1, A2, A3, Y together", "distance by all", "half-width by all"},
        {"literally without 1/d", "distance of the twin", "half-width of the twin"}}},
      {"liang-shi-song-zhou-2024-tensor-training/closed-form",
       {{"the difference quotient lies among the slopes of the segment", "distance", "half-width"},
        {"literally without 1/d", "distance of the twin", "half-width of the twin"}}},
      {"hu-et-al-2024-dit/gradient",
       {{"the difference quotient lies among the slopes of the segment", "distance", "half-width"},
        {"R^T R left out", "distance of the twin", "half-width of the twin"}}}}},
    {{"trace-identity", trace_identity},
     {{"alman-song-2024-gradient/trace-identity",
       {{"the difference quotient of F lies among 2 tr dL/dX over the segment", "distance", "half-width"},
        {"tr dL/dX, without the factor 2", "distance without the factor 2",
         "half-width without the factor 2"}}},
      {"liang-shi-song-zhou-2024-tensor-training/trace-identity",
       {{"the difference quotient of F lies among the slopes of the segment", "distance", "half-width"},
        {"the sum of all entries", "distance of all entries", "half-width of all entries"}}}}},
    {{"covariance-perturbation", covariance_perturbation},
     {{"alman-song-2024-gradient/covariance-perturbation",
       {{"change of the covariance", "change", "bound"},
        {"change of J(f) q in the 1-norm", "pullback change", "pullback bound"},
        {"99 hundredths of the bound", "change", "bound", "99/100"}}}}},
    {{"third-moment", third_moment},
     {{"alman-song-2024-gradient/third-mixed-moment",
       {{"moment <= product of ranges/8", "moment", "ranges", "1/8"},
        {"a ninth", "moment", "ranges", "1/9"}}}}},
    {{"variance-form", variance_form},
     {{"alman-song-2024-gradient/variance-form",
       {{"change <= bound", "change", "bound"}, {"nine tenths of the bound", "change", "bound", "9/10"}}}}},
    {{"along-scale", along_scale},
     {{"alman-song-2024-gradient/norm-along-scale",
       {{"slope <= n d B/2", "slope", "n d B", "1/2"},
        {"the constant of the printed proof, 8 B n", "slope", "B n", "8"}}},
      {"alman-song-2024-gradient/curvature-along-scale",
       {{"curvature <= (3/8) n d B^2", "curvature", "n d B^2", "3/8"},
        {"without the factor d: (5/8) n B^2", "curvature", "n B^2", "5/8"}}}}},
    {{"quadrature", quadrature},
     {{"alman-song-2024-gradient/quadrature-error",
       {{"error <= bound", "error", "bound"},
        {"the bound of thirty times as many nodes", "error", "bound of 30 K nodes"}}}}},
    {{"gradient-error", gradient_error},
     {{"alman-song-2024-gradient/gradient-error",
       {{"error <= Theorem G'", "error", "theorem G'"},
        {"entry by entry", "entry over its bound", "one"},
        {"Theorem G' <= Theorem G", "theorem G'", "theorem G"},
        {"Theorem G' <= the plain bound", "theorem G'", "plain bound"},
        {"99 hundredths of Theorem G'", "error", "theorem G'", "99/100"}}},
      {"liang-shi-song-zhou-2024-tensor-training/gradient-error",
       {{"error <= Theorem G' over the pairs", "error", "theorem G'"},
        {"entry by entry", "entry over its bound", "one"},
        {"99 hundredths of the bound", "error", "theorem G'", "99/100"}}}}},
    {{"adapter-gradient-error", adapter_gradient_error},
     {{"hu-et-al-2024-lora/chained-error",
       {{"adapters of W_Q and W_K, the largest entry over its bound", "Q and K", "one"},
        {"adapters of W_V, the largest entry over its bound", "V", "one"},
        {"99 hundredths of the bound", "Q and K", "one", "99/100"}}}}},
    {{"embedding", embedding},
     {{"hu-et-al-2024-lora/embedding",
       {{"the gradients, exactly", "difference"}, {"without the factor d/r", "difference without d/r"}}}}},
    {{"score-range", score_range},
     {{"hu-et-al-2024-lora/score-range",
       {{"largest score <= Gamma^2", "score", "Gamma^2"},
        {"scores not divided by d, as in (3.3) with temperature 1", "d score", "Gamma^2"}}}}},
    {{"normalisation", normalisation},
     {{"hu-et-al-2024-dit/normalisation",
       {{"largest output <= largest value", "output", "max|V|", "1099511627777/1099511627776"},
        {"V D^-1 exp(.) with D = diag(exp(.) 1), as printed in (4.4)", "output as printed", "max|V|",
         "1099511627777/1099511627776"}}}}},
    {{"subspace", subspace},
     {{"hu-et-al-2024-dit/subspace",
       {{"error <= 2 tanh(zeta/2) max|V|", "error", "bound"},
        {"the cross terms vanish, exactly", "cross terms"},
        {"half of zeta", "error", "bound of half zeta"}}}}},
    {{"decoder", decoder},
     {{"hu-et-al-2024-dit/decoder",
       {{"|W_A e|_2 = |e|_2", "change of |e|^2"},
        {"|W_A e|^2 <= d0 epsilon^2", "|W e|^2", "d0 epsilon^2"},
        {"no factor: Problem 2 taken for attention's own problem", "|W e|^2", "epsilon^2"}}}}},
    {{"column-norms", column_norms},
     {{"han-et-al-2023-hyperattention/parameters",
       {{"an entry's square <= alpha/m", "entry^2", "alpha/m"},
        {"|P|_F^2 <= alpha", "|P|^2", "alpha"},
        {"n/m <= |P|_F^2", "n/m", "|P|^2"},
        {"rows, squared: (m |P_i|^2)^2 <= m alpha", "row^2", "m alpha"},
        {"m |P_i|^2 <= alpha: rows as flat as columns", "row", "alpha"}}}}},
    {{"row-ratio", row_ratio},
     {{"han-et-al-2023-hyperattention/row-ratio",
       {{"kappa after the shift <= bound", "kappa after the shift", "bound", "1073741825/1073741824"},
        {"kappa unchanged, as of a property of attention", "kappa after the shift", "kappa",
         "1073741825/1073741824"}}}}},
    {{"spectral-split", spectral_split},
     {{"han-et-al-2023-hyperattention/spectral-split",
       {{"error <= estimate of D + sampling", "error", "estimate + sampling", "1073741825/1073741824"},
        {"the estimate of D alone", "error", "estimate"}}}}},
    {{"column-sampling", column_sampling},
     {{"han-et-al-2023-hyperattention/sampling",
       {{"the mean over all draws, exactly", "mean less the formula"},
        {"the probability of failing, exactly, <= 1/(s epsilon^2)", "failing", "1/(s epsilon^2)"},
        {"columns drawn uniformly", "mean less the formula, uniform columns"}}}}},
    {{"leverage", leverage},
     {{"bharadwaj-et-al-2023/whitened-gram",
       {{"sum l^2/p - R = R (R - 1)", "whitened less R (R - 1)"},
        {"no worse than uniform rows", "R (R - 1)", "whitened, uniform rows"},
        {"uniform rows do as well", "whitened, uniform rows", "R (R - 1)"}}},
      {"bharadwaj-et-al-2023/sum-of-weights",
       {{"E (w/p)^2 <= R N |w|^2", "E (w/p)^2", "R N |w|^2"},
        {"at least as good as uniform rows", "E (w/p)^2", "N |w|^2"}}},
      {"bharadwaj-et-al-2023/leverage-law",
       {{"law = leverage scores / rank", "law less l/R"},
        {"the law is the product of the factors' laws", "product of laws less l/R"}}}}},
    {{"leverage-with-a-constant", leverage_with_a_constant},
     {{"bharadwaj-et-al-2023/constant-column",
       {{"1/N <= least leverage score", "1/N", "least leverage score"},
        {"E (w/p)^2 <= R N |w|^2", "E (w/p)^2", "R N |w|^2"}}}}},
    {{"leverage-of-any-columns", leverage_of_any_columns},
     {{"bharadwaj-et-al-2023/constant-column",
       {{"without: a constant column", "1/N", "least leverage score"}}}}},
    {{"prefix-features", prefix_features},
     {{"liang-shi-song-yang-2024-prefix/features-needed",
       {{"half the gap <= error", "half the gap", "error"}}}}},
    {{"prefix-features-of-any-set", prefix_features_of_any_set},
     {{"liang-shi-song-yang-2024-prefix/features-needed",
       {{"without: S is named by a dependency of the r + 1 features", "half the gap", "error"}}}}},
    {{"prefix-representation", prefix_representation},
     {{"liang-shi-song-yang-2024-prefix/representation",
       {{"both forms, exactly", "difference"},
        {"features of degree 0 and 1 alone", "difference at degree 1"}}}}},
    {{"sensitivity", sensitivity},
     {{"liang-shi-song-zhou-2024-private/sensitivity",
       {{"|M - M'| <= Delta", "change", "Delta"}, {"half of Delta", "change", "Delta", "1/2"}}}}},
    {{"factored-sums", factored_sums},
     {{"liang-shi-song-zhou-2024-tensor-training/factored-sums",
       {{"the n^2-column sums factor", "product"},
        {"the sum of the factors in place of their product", "sum"}}}}},
    {{"layer-norm", layer_norm},
     {{"liang-et-al-2024-multilayer/layer-norm",
       {{"change of the output", "change", "distance/sqrt(s s~)"},
        {"without the divisors: |x~ - x|", "change", "distance"}}}}},
    {{"node-sums", node_sums},
     {{"abboud-rubinstein-williams-2017/field-exceeds-columns",
       {{"no sum 1 … T of bits is 0 in F_q", "sums that vanish"}}}}},
    {{"node-sums-of-any-field", node_sums_of_any_field},
     {{"abboud-rubinstein-williams-2017/field-exceeds-columns", {{"without: q > T", "sums that vanish"}}}}},
};

struct Said {
  Lemma* evaluate;
  Comparison comparison;
};
Said said_by(const Field& top) {
  for (const auto& [lemma, claims] : kTable)
    for (const OfClaim& of : claims)
      for (const Comparison& c : of.comparisons) {
        if (top["claim"].text() != of.claim || top["comparison"].text() != c.name) continue;
        top["lemma"].one_of({lemma.name});
        const Field left = top["left"], right = top["right"];
        left["quantity"].one_of({c.left});
        left["scale"].one_of({"1"});
        right["quantity"].one_of({c.right});
        if (c.scale == std::string("found")) positive(right["scale"]);
        else right["scale"].one_of({c.scale});
        return {lemma.evaluate, c};
      }
  top["comparison"].expected("a comparison of the table of claims");
}

std::size_t values_in(const nlohmann::json& value) {
  std::size_t count = 1;
  if (value.is_structured())
    for (const nlohmann::json& inner : value) count += values_in(inner);
  return count;
}

}  // namespace

Proved prove_claim_instance(const Field& top, const Folder&) {
  const Said found = said_by(top);
  const Comparison& said = found.comparison;
  const bool greater = top["relation"].one_of({"at most", "greater"}) == "greater";
  const double values = static_cast<double>(values_in(top["instance"].value));
  if (values > kMostValuesOfAnInstance) top["instance"].expected("at most 4096 values");
  const std::string scale = top["right"]["scale"].text();
  const Fraction factor = top["right"]["scale"].fraction();
  return at_rising_precision(128, 40 * (values + 16) * (values + 16), [&] {
    const Field instance = top["instance"];
    Quantities quantities = found.evaluate(instance);
    quantities.insert({{"zero", Fraction(0)}, {"one", Fraction(1)}});
    const auto quantity = [&](const char* name) {
      const auto at = quantities.find(name);
      if (at == quantities.end()) instance.expected("an instance that has a " + std::string(name));
      return at->second;
    };
    const Number left = quantity(said.left), unscaled = quantity(said.right),
                 right =
                     unscaled.exact ? Number(*unscaled.exact * factor) : Number(unscaled.ball * Ball(factor));
    const std::string sides = said.left + (" = " + decimal(left.ball, Rounding::down)) +
                              (greater ? " exceeds " : " is at most ") +
                              (scale == "1"         ? ""
                               : scale.size() <= 12 ? scale + " "
                                                    : "a multiple of ") +
                              said.right + " = " + decimal(right.ball, Rounding::up);
    const bool exact = left.exact && right.exact;
    const bool above = exact ? *right.exact < *left.exact : surely_greater(left.ball, right.ball),
               within = exact ? !above : surely_at_most(left.ball, right.ball);
    if (!above && !within) throw Undecided("relation: " + top["relation"].text());
    require(above == greater, "relation: it is not so that " + sides);
    return Proved{top["claim"].text() + " (" + said.name + "), one instance: " + sides,
                  {{"claim", top["claim"].value},
                   {"comparison", said.name},
                   {"relation", top["relation"].value},
                   {"left", decimal(left.ball, Rounding::down)},
                   {"right", decimal(right.ball, Rounding::up)}}};
  });
}

}  // namespace checker
