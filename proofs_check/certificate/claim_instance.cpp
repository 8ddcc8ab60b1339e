// Which comparisons of which claims the checker's table has, and what it takes them to say (the checker has
// its own copy, and accepts no other).
#include <algorithm>
#include <cmath>

#include "numeric/exact_text.hpp"
#include "phase/certificate.hpp"
#include "phase/limit.hpp"
#include "polynomial/bessel.hpp"
#include "polynomial/certificate.hpp"
#include "proofs_check/certificate/certificate.hpp"

namespace attnbounds {
namespace {

struct OfComparison {
  const char *name, *left, *right = "zero", *scale = "1";
};
struct OfClaim {
  const char* claim;
  std::vector<OfComparison> comparisons;
};
struct OfLemma {
  const char* lemma;
  std::vector<OfClaim> claims;
};

// A scale "found" is (1 - 10^-9) times the constant `upper` that the run found, at its lower end.
const std::vector<OfLemma> kCatalogue = {
    {"alternation",
     {{"aggarwal-alman-2022/alternation",
       {{"alternation", "alternation", "error"},
        {"one point dropped from the sums", "without the last point", "error"}}}}},
    {"even-taylor-section",
     {{"aggarwal-alman-2022/even-taylor-sections-are-positive", {{"0 <= T_g(x)", "zero", "section"}}}}},
    {"taylor-section",
     {{"aggarwal-alman-2022/even-taylor-sections-are-positive",
       {{"without: g is even", "zero", "section"}}}}},
    {"taylor-tail",
     {{"aggarwal-alman-2022/explicit-taylor-degree",
       {{"tail <= delta e^{-X}", "tail", "delta e^-X"},
        {"with relative error delta e^{-3X}", "tail", "delta e^-3X"}}}}},
    {"degree-formula",
     {{"aggarwal-alman-2022/least-degree",
       {{"degree <= 2 F", "degree", "formula", "2"},
        {"1/2 F <= degree", "formula", "degree", "2"},
        {"the upper constant pushed 10^-9 below the found one", "degree", "formula", "found"}}}}},
    {"best-absolute-error",
     {{"aggarwal-alman-2022/chebyshev-sandwich",
       {{"mean square <= E_g", "mean square", "E_g"},
        {"(pi/2) I_{g+1} <= E_g", "(pi/2) I_{g+1}", "E_g"},
        {"E_g <= 2 sum I_k", "E_g", "2 sum I_k"},
        {"the next term alone, E_g <= 2 I_{g+1}", "E_g", "2 I_{g+1}"}}}}},
    {"best-relative-error",
     {{"aggarwal-alman-2022/relative-lower-bounds",
       {{"growth", "X - log((1+E)/(1-E))", "g log(3 + 2 sqrt 2)"},
        {"Bessel", "(pi/2) e^-X I_{g+1}", "E_g"},
        {"half the growth", "X - log((1+E)/(1-E))", "g log(3 + 2 sqrt 2)", "1/2"}}},
      {"aggarwal-alman-2022/relative-sandwich",
       {{"J lower bound", "J bound", "E_g"}, {"twice the bound", "J bound", "E_g", "1/2"}}}}},
    {"degree-from-above",
     {{"threshold-2026/degree-from-above",
       {{"F(g*, X) <= what suffices", "F(n, X)", "what suffices"},
        {"half of l suffices", "F(n, X)", "l", "1/2"}}}}},
    {"degree-from-below",
     {{"threshold-2026/degree-from-below",
       {{"l + log j(X) <= F(g* + s + 2, X)", "l + log j(X)", "F(g + s + 2, X)"},
        {"F(g*, X) for F(g* + s + 2, X) and no j(X)", "l", "F(g, X)"}}}}},
    {"small-entries",
     {{"threshold-2026/exponent-tends-to-one",
       {{"exponent <= the closed form", "exponent", "bound"},
        {"1 for 9", "exponent needed", "bound with 1 for 9"}}}}},
    {"constant-kappa",
     {{"threshold-2026/exponent-bounded-away",
       {{"elementary lower bound", "elementary bound", "exponent"},
        {"closed form from below", "bound from below", "exponent"},
        {"closed form from above", "exponent needed", "bound from above"},
        {"the exponent is at least its limit already at finite n", "limit", "exponent"}}}}},
    {"kappa-star",
     {{"threshold-2026/kappa-star",
       {{"the closed forms pay no later", "low", "does not pay"},
        {"and stop no earlier", "pays", "high"},
        {"kappa*(n) is at most its limit", "pays", "limit"}}}}},
    {"adapter-closed-form",
     {{"hu-et-al-2024-lora/closed-form",
       {{"the difference quotient in all six factors lies among the slopes of the segment", "distance",
         "half-width"},
        {"dL/dB_Q = (C1)^T p A_Q C2 as printed, where its shapes fit", "distance as printed",
         "half-width as printed"}}}}},
    {"adapter-gradients",
     {{"hu-et-al-2024-lora/kernel-guarantee",
       {{"the largest error over its bound", "error over its bound", "one"},
        {"the bound over a million", "error over its bound", "one", "1/1000000"}}}}},
    {"tree-of-moments",
     {{"gupta-et-al-2025/relevance-tree",
       {{"error <= bound", "error", "bound"},
        {"an eighth of the cut", "error with an eighth of the cut", "bound"}}}}},
    {"double-double",
     {{"alman-song-2023/double-double-reference",
       {{"exp: error in u^2 <= 8", "error/(u^2 e^x)", "one", "8"},
        {"attention: error <= radius", "error/radius", "one"},
        {"exp: error in u^2 <= 1", "error/(u^2 e^x)", "one"}}}}},
    {"threshold-of-gap",
     {{"alman-song-2023/gap-attention",
       {{"completeness: R/(R+1) - 1e-9 <= the largest output", "completeness", "largest output"},
        {"soundness: the largest output <= 1/(R+1) + 1e-9", "soundness", "1/4 + 1e-9"},
        {"B at 3/4 of the least: gap below log n", "soundness without a gap", "1/4 + 1e-9"}}}}},
    {"threshold-of-formula",
     {{"alman-song-2023/orthogonality-attention",
       {{"the largest output is on the formula's side of 1/2", "smaller side", "larger side"},
        {"B at 3/4 of the least: gap below log n", "smaller side without a gap",
         "larger side without a gap"}}}}},
    {"threshold-of-unsatisfiable-formula",
     {{"alman-song-2023/anchor-keys",
       {{"every output <= 1/4 + 1e-9", "smaller side", "1/4 + 1e-9"},
        {"anchors dropped", "output without anchors", "1/4 + 1e-9"}}}}},
    {"planted-tuple",
     {{"alman-song-2023/planted-families",
       {{"1/2 <= the planted row's output", "half", "planted output"},
        {"every other output <= 1/2", "other outputs", "half"},
        {"another row in the planted one's place", "half", "output of another in its place"}}}}},
    {"wrong-answer",
     {{"han-et-al-2023-hyperattention/spectral-norm-decides-nothing",
       {{"gap/(|P| |V|) <= 1/sqrt(N)", "gap/(|P| |V|)", "1/sqrt(N)"},
        {"gap/(|P| |V|) <= 1/N", "gap/(|P| |V|)", "1/N"}}}}},
    {"decision-from-gradients",
     {{"alman-song-2024-gradient/decision-from-gradients",
       {{"the recovered |Att|^2 is on the formula's side of 1/3", "smaller side", "larger side"},
        {"the factor 2 of the trace identity dropped", "smaller side half way", "larger side half way"}}}}},
    {"split-and-list",
     {{"abboud-rubinstein-williams-2017/split-and-list",
       {{"orthogonal tuples count satisfying assignments", "difference"},
        {"the last clause is not listed", "difference, one clause fewer"}}}}},
    {"merlin-arthur",
     {{"abboud-rubinstein-williams-2017/merlin-arthur-gap",
       {{"soundness: accepting <= K(l-1)", "accepting, not orthogonal", "K (l - 1)"},
        {"completeness: q <= accepting", "q", "accepting, orthogonal"},
        {"an advice that does not vanish on the nodes", "q", "K (l - 1)"}}}}},
    {"sparsification",
     {{"impagliazzo-paturi-zane-2001/sparsification",
       {{"the leaves' disjunction is the formula", "differences"},
        {"clauses of a leaf <= the bound", "clauses", "clauses allowed"},
        {"the petals' branch dropped", "differences of the hearts"}}}}},
    {"tree-depth",
     {{"bharadwaj-et-al-2023/draw-cost",
       {{"2^depth < 2 I", "leaves + 1", "2 I"},
        {"I <= 2^depth", "I", "leaves"},
        {"2^depth <= I", "leaves", "I"}}}}},
    {"one-layer-gradient",
     {{"liang-et-al-2024-multilayer/one-layer-gradient",
       {{"the difference quotient lies among the slopes of the segment", "distance", "half-width"},
        {"Lemma D.17 as printed: f for f^T in D6 to D8, W and W^T exchanged", "distance as printed",
         "half-width as printed"}}}}},
    {"network-errors",
     {{"liang-et-al-2024-multilayer/forward-error",
       {{"error <= the recursion with constants from norms, every layer", "state, norms", "one"},
        {"error <= the recursion with constants from states, every layer", "state, states", "one"},
        {"99 hundredths of the recursion", "state, states", "one", "99/100"}}},
      {"liang-et-al-2024-multilayer/backward-error",
       {{"gradient by the state, exact states", "by the state, fixed", "one", "1073741825/1073741824"},
        {"gradients by the weights, exact states", "by the weights, fixed", "one", "1073741825/1073741824"},
        {"gradient by the state, approximate states, constants from norms", "by the state, norms", "one",
         "1073741825/1073741824"},
        {"gradient by the state, approximate states", "by the state, states", "one", "1073741825/1073741824"},
        {"gradients by the weights, approximate states", "by the weights, states", "one",
         "1073741825/1073741824"},
        {"99 hundredths of the bound, approximate states", "by the state, states", "one", "99/100"}}},
      {"liang-et-al-2024-multilayer/growth-with-depth",
       {{"error after m layers <= recursion", "last state, states", "one"},
        {"(3/2)^(m-1) e_1 (1 - 2^-40) <= error on aligned networks", "(3/2)^(m-1) e_1 (1 - 2^-40)",
         "last error"},
        {"the error does not grow with depth: e_m <= e_1", "last error", "first error"}}}}},
    {"sum-of-products",
     {{"alman-song-2023/tensor-core-product",
       {{"error <= 24 cuts", "error", "|c| + sum |a b|", "3/1048576"},
        {"eight roundings to nearest", "error", "|c| + sum |a b|", "1/2097152"}}}}},
    {"tree-cover",
     {{"liang-shi-song-zhou-2024-private/tree-cover",
       {{"nodes <= 2 (h - 1)", "nodes", "2 (h - 1)"}, {"one node fewer", "nodes", "2 (h - 1) - 1"}}}}},
    {"softmax-perturbation",
     {{"alman-song-2023/softmax-perturbation",
       {{"distance <= phi(delta) = 2t", "distance", "phi"},
        {"the usual bound is weaker", "phi", "usual"},
        {"half the bound", "distance", "phi", "1/2"}}}}},
    {"forward-error",
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
    {"tree-forward-error",
     {{"chakrabarti-pitassi-alman-2026/tree-forward-error",
       {{"error <= 2 tanh((t - 1) artanh(delta)/2) prod max|V|", "error", "all products' bound"},
        {"one edge's bound", "error", "phi max|V|"}}}}},
    {"tree-attention",
     {{"chakrabarti-pitassi-alman-2026/tree-attention", {{"messages = definition", "difference"}}}}},
    {"triangle-by-its-tree",
     {{"chakrabarti-pitassi-alman-2026/tree-attention", {{"without: h is a tree", "difference"}}}}},
    {"perturbed-keys",
     {{"alman-song-2023/group-perturbation",
       {{"error <= bound", "error", "share"}, {"half the bound", "error", "share", "1/2"}}},
      {"liang-shi-song-yang-2024-prefix/error",
       {{"error <= phi(delta) max|V|", "error", "phi max|V|"},
        {"error <= 2 delta/(1 - delta) share max|V|", "error", "share"},
        {"99 hundredths of phi(delta)", "error", "phi max|V|", "99/100"}}}}},
    {"kernel-of-values-not-negative",
     {{"liang-shi-song-zhou-2024-private/relative-error",
       {{"error <= 2 eps/(1 - eps) |Att|", "error", "factor |Att|"}}}}},
    {"kernel-of-relative-error",
     {{"liang-shi-song-zhou-2024-private/relative-error", {{"without: V >= 0", "error", "factor |Att|"}}},
      {"liang-shi-song-zhou-2024-private/relative-error-of-any-values",
       {{"error <= 2 eps/(1 - eps) Att(|V|)", "error", "factor Att|V|"},
        {"nine tenths of the constant", "error", "factor Att|V|", "9/10"}}}}},
    {"odd-taylor-denominator",
     {{"heinsen-kozachkov-2026/denominator",
       {{"sum min(1, e^s) <= denominator", "sum min(1, e^s)", "denominator"}}}}},
    {"taylor-denominator",
     {{"heinsen-kozachkov-2026/denominator", {{"without: P is odd", "sum min(1, e^s)", "denominator"}}}}},
    {"taylor-attention",
     {{"heinsen-kozachkov-2026/forward-error",
       {{"error <= phi(delta) max|V|", "error", "phi max|V|"},
        {"half the bound", "error", "phi max|V|", "1/2"}}}}},
    {"relevant-keys",
     {{"gupta-et-al-2025/relevant-keys",
       {{"error <= 2 eps (n-1)/(n + eps (n-1)) max|V|", "error", "share"},
        {"error <= 3 eps max|V|", "error", "eps max|V|", "3"},
        {"nine tenths of the constant", "error", "share", "9/10"}}},
      {"gupta-et-al-2025/any-temperature",
       {{"error <= (2 eps (n-1)/(n + eps (n-1)) + phi(delta)) max|V|", "polynomial's error",
         "share + phi max|V|"},
        {"relevant scores within log(1 + eps) + log(n/eps)", "spread", "length"},
        {"the polynomial on all keys", "polynomial's error on all keys", "share + phi max|V|"}}}}},
    {"largest-product",
     {{"gupta-et-al-2025/max-inner-product",
       {{"the output is on its side", "misplaced"}, {"inverse temperature 2 log 2", "misplaced, base 2"}}}}},
    {"support-decomposition",
     {{"aliakbarpour-et-al-2025/decomposition",
       {{"w(S) = w(S_s) + w(S_L) - w(0)", "by rows"}, {"split by entries", "by entries"}}}}},
    {"support-basis",
     {{"aliakbarpour-et-al-2025/forward-error", {{"error <= phi(delta) max|V|", "error", "phi max|V|"}}}}},
    {"support-basis-of-any-constant",
     {{"aliakbarpour-et-al-2025/forward-error", {{"without: P(0) = 1", "error", "phi max|V|"}}}}},
    {"feature-map",
     {{"alman-song-2023/feature-map",
       {{"P(<q,k>/d) = <features of q, features of k>", "defect"},
        {"as many features as C(d+g, g)", "features less C(d+g, g)"},
        {"without the multinomials |a|!/a!", "defect without multinomials"}}}}},
    {"key-shift",
     {{"alman-song-2023/key-shift",
       {{"differences of scores within a row", "change"},
        {"only the first key is shifted", "change by the first key"}}}}},
    {"rank-of-polynomial",
     {{"alman-song-2023/rank",
       {{"at most: P(XY^T) = U1 U2^T", "rank", "claimed"},
        {"at least: rank mod p", "claimed", "rank"},
        {"C(d+g, g) bounds it", "claimed", "C(d+g, g)"},
        {"the rank is one lower", "rank", "claimed less one"}}}}},
    {"gradient-rank",
     {{"alman-song-2024-gradient/rank",
       {{"f = U1 U2^T", "f"},
        {"f o q = (U1 (x) c)(U2 (x) h)^T row by row, r d_v columns", "f o q"},
        {"p = p1 - (diag(row sums) U1) U2^T", "p"},
        {"Lemma D.5 as printed: U1 (diag(row sums) U2)^T", "p as printed"}}}}},
    {"closed-form",
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
    {"trace-identity",
     {{"alman-song-2024-gradient/trace-identity",
       {{"the difference quotient of F lies among 2 tr dL/dX over the segment", "distance", "half-width"},
        {"tr dL/dX, without the factor 2", "distance without the factor 2",
         "half-width without the factor 2"}}},
      {"liang-shi-song-zhou-2024-tensor-training/trace-identity",
       {{"the difference quotient of F lies among the slopes of the segment", "distance", "half-width"},
        {"the sum of all entries", "distance of all entries", "half-width of all entries"}}}}},
    {"covariance-perturbation",
     {{"alman-song-2024-gradient/covariance-perturbation",
       {{"change of the covariance", "change", "bound"},
        {"change of J(f) q in the 1-norm", "pullback change", "pullback bound"},
        {"99 hundredths of the bound", "change", "bound", "99/100"}}}}},
    {"third-moment",
     {{"alman-song-2024-gradient/third-mixed-moment",
       {{"moment <= product of ranges/8", "moment", "ranges", "1/8"},
        {"a ninth", "moment", "ranges", "1/9"}}}}},
    {"variance-form",
     {{"alman-song-2024-gradient/variance-form",
       {{"change <= bound", "change", "bound"}, {"nine tenths of the bound", "change", "bound", "9/10"}}}}},
    {"along-scale",
     {{"alman-song-2024-gradient/norm-along-scale",
       {{"slope <= n d B/2", "slope", "n d B", "1/2"},
        {"the constant of the printed proof, 8 B n", "slope", "B n", "8"}}},
      {"alman-song-2024-gradient/curvature-along-scale",
       {{"curvature <= (3/8) n d B^2", "curvature", "n d B^2", "3/8"},
        {"without the factor d: (5/8) n B^2", "curvature", "n B^2", "5/8"}}}}},
    {"quadrature",
     {{"alman-song-2024-gradient/quadrature-error",
       {{"error <= bound", "error", "bound"},
        {"the bound of thirty times as many nodes", "error", "bound of 30 K nodes"}}}}},
    {"gradient-error",
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
    {"adapter-gradient-error",
     {{"hu-et-al-2024-lora/chained-error",
       {{"adapters of W_Q and W_K, the largest entry over its bound", "Q and K", "one"},
        {"adapters of W_V, the largest entry over its bound", "V", "one"},
        {"99 hundredths of the bound", "Q and K", "one", "99/100"}}}}},
    {"embedding",
     {{"hu-et-al-2024-lora/embedding",
       {{"the gradients, exactly", "difference"}, {"without the factor d/r", "difference without d/r"}}}}},
    {"score-range",
     {{"hu-et-al-2024-lora/score-range",
       {{"largest score <= Gamma^2", "score", "Gamma^2"},
        {"scores not divided by d, as in (3.3) with temperature 1", "d score", "Gamma^2"}}}}},
    {"normalisation",
     {{"hu-et-al-2024-dit/normalisation",
       {{"largest output <= largest value", "output", "max|V|", "1099511627777/1099511627776"},
        {"V D^-1 exp(.) with D = diag(exp(.) 1), as printed in (4.4)", "output as printed", "max|V|",
         "1099511627777/1099511627776"}}}}},
    {"subspace",
     {{"hu-et-al-2024-dit/subspace",
       {{"error <= 2 tanh(zeta/2) max|V|", "error", "bound"},
        {"the cross terms vanish, exactly", "cross terms"},
        {"half of zeta", "error", "bound of half zeta"}}}}},
    {"decoder",
     {{"hu-et-al-2024-dit/decoder",
       {{"|W_A e|_2 = |e|_2", "change of |e|^2"},
        {"|W_A e|^2 <= d0 epsilon^2", "|W e|^2", "d0 epsilon^2"},
        {"no factor: Problem 2 taken for attention's own problem", "|W e|^2", "epsilon^2"}}}}},
    {"column-norms",
     {{"han-et-al-2023-hyperattention/parameters",
       {{"an entry's square <= alpha/m", "entry^2", "alpha/m"},
        {"|P|_F^2 <= alpha", "|P|^2", "alpha"},
        {"n/m <= |P|_F^2", "n/m", "|P|^2"},
        {"rows, squared: (m |P_i|^2)^2 <= m alpha", "row^2", "m alpha"},
        {"m |P_i|^2 <= alpha: rows as flat as columns", "row", "alpha"}}}}},
    {"row-ratio",
     {{"han-et-al-2023-hyperattention/row-ratio",
       {{"kappa after the shift <= bound", "kappa after the shift", "bound", "1073741825/1073741824"},
        {"kappa unchanged, as of a property of attention", "kappa after the shift", "kappa",
         "1073741825/1073741824"}}}}},
    {"spectral-split",
     {{"han-et-al-2023-hyperattention/spectral-split",
       {{"error <= estimate of D + sampling", "error", "estimate + sampling", "1073741825/1073741824"},
        {"the estimate of D alone", "error", "estimate"}}}}},
    {"column-sampling",
     {{"han-et-al-2023-hyperattention/sampling",
       {{"the mean over all draws, exactly", "mean less the formula"},
        {"the probability of failing, exactly, <= 1/(s epsilon^2)", "failing", "1/(s epsilon^2)"},
        {"columns drawn uniformly", "mean less the formula, uniform columns"}}}}},
    {"leverage",
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
    {"leverage-with-a-constant",
     {{"bharadwaj-et-al-2023/constant-column",
       {{"1/N <= least leverage score", "1/N", "least leverage score"},
        {"E (w/p)^2 <= R N |w|^2", "E (w/p)^2", "R N |w|^2"}}}}},
    {"leverage-of-any-columns",
     {{"bharadwaj-et-al-2023/constant-column",
       {{"without: a constant column", "1/N", "least leverage score"}}}}},
    {"prefix-features",
     {{"liang-shi-song-yang-2024-prefix/features-needed",
       {{"half the gap <= error", "half the gap", "error"}}}}},
    {"prefix-features-of-any-set",
     {{"liang-shi-song-yang-2024-prefix/features-needed",
       {{"without: S is named by a dependency of the r + 1 features", "half the gap", "error"}}}}},
    {"prefix-representation",
     {{"liang-shi-song-yang-2024-prefix/representation",
       {{"both forms, exactly", "difference"},
        {"features of degree 0 and 1 alone", "difference at degree 1"}}}}},
    {"sensitivity",
     {{"liang-shi-song-zhou-2024-private/sensitivity",
       {{"|M - M'| <= Delta", "change", "Delta"}, {"half of Delta", "change", "Delta", "1/2"}}}}},
    {"factored-sums",
     {{"liang-shi-song-zhou-2024-tensor-training/factored-sums",
       {{"the n^2-column sums factor", "product"},
        {"the sum of the factors in place of their product", "sum"}}}}},
    {"layer-norm",
     {{"liang-et-al-2024-multilayer/layer-norm",
       {{"change of the output", "change", "distance/sqrt(s s~)"},
        {"without the divisors: |x~ - x|", "change", "distance"}}}}},
    {"node-sums",
     {{"abboud-rubinstein-williams-2017/field-exceeds-columns",
       {{"no sum 1 … T of bits is 0 in F_q", "sums that vanish"}}}}},
    {"node-sums-of-any-field",
     {{"abboud-rubinstein-williams-2017/field-exceeds-columns", {{"without: q > T", "sums that vanish"}}}}},
};

std::string scale_text(const std::string& scale, const Json& constants) {
  if (scale != "found") return scale;
  const Rational found =
      rational_from_text(constants.at("upper").at("exact_lower").get<std::string>(), "constant");
  return exact_text(Rational(found * (1 - Rational(1, 1000000000))));
}

Rational rational(const Json& in, const char* key) {
  return rational_from_text(in.at(key).get<std::string>(), key);
}

/// That the instance's degree is the least is proved too.
Json with_degree_proof(Json instance) {
  const Rational X = rational(instance, "half_width"), epsilon = rational(instance, "epsilon");
  const Json proof = least_degree_certificate(least_degree(X, epsilon, ErrorKind::relative), X, epsilon,
                                              ErrorKind::relative);
  for (const char* side : {"upper", "lower"}) instance[side] = proof.at(side);
  return instance;
}

/// Both sides of the best error of the instance's degree.
Json with_best_error(Json instance, ErrorKind kind) {
  const BestError best =
      best_error({instance.at("degree").get<long>()}, rational(instance, "half_width"), kind);
  instance["upper"] = polynomial_error_certificate(best).at("upper");
  instance["lower"] = best_error_certificate(best).at("lower");
  return instance;
}

// ---- The threshold's. Degrees are proved by Theorem J where it says enough, else by exchange.

constexpr long kLargestExchange = 400;  // takes seconds
// Beyond these the checker's Bessel functions, or its polynomials, need more bits than it takes.
const Rational kLargestHalfWidth(50000), kSmallestHalfWidth = dyadic(1, -64);

std::optional<Interval> sandwich_at(long degree, const Rational& X) {
  if (X <= 1 || degree < X) return {};
  const WorkingPrecision precision(Bits{192});
  return sandwich(X, ErrorKind::relative, {degree}, {degree}).front();
}
Json on_interval(const Rational& X, Json proof) {
  proof["half_width"] = exact_text(X);
  return proof;
}

/// That `degree` is enough, or that one less than `degree_needed` is not.
std::optional<Json> with_closed_degree(const std::string& lemma, Json in) {
  const Rational X = rational(in, "half_width"), epsilon = rational(in, "epsilon");
  const bool above = lemma == "degree-from-above";
  const long degree = above ? in.at("degree_needed").get<long>() - 1 : in.at("degree").get<long>();
  if (X > kLargestHalfWidth || degree < X) return {};
  const std::optional<Interval> error = sandwich_at(degree, X);
  if (above && error && to_rational(lower(*error)) > epsilon) in["lower"] = "bessel";
  else if (!above && error && to_rational(upper(*error)) <= epsilon) in["upper"] = "bessel";
  else if (degree > kLargestExchange) return {};
  else {
    const BestError best = best_error({degree}, X, ErrorKind::relative);
    in[above ? "lower" : "upper"] = on_interval(X, above ? lower_side(best.lower) : upper_side(best.upper));
  }
  return in;
}

PhasePoint point_of(const Json& in, const Rational& kappa) {
  return {in.at("kind") == "matrix" ? AttentionKind::matrix : AttentionKind::tensor,
          Problem::forward,
          {in.at("n").get<std::string>()},
          kappa,
          rational(in, "c"),
          rational(in, "C")};
}
Interval log_inverse_error(const PhasePoint& p) { return enclose(p.C) * p.n.log(); }

std::optional<Json> with_point(const std::string& lemma, Json in) {
  const WorkingPrecision precision(Bits{128});
  const PhasePoint p = point_of(in, rational(in, "kappa"));
  const PhaseValue value = phase_value(p);
  const std::optional<Json> degrees = proved_degrees(p, value);
  if (!degrees || value.half_width > kLargestHalfWidth || value.half_width < kSmallestHalfWidth) return {};
  in.update(*degrees);
  if (lemma == "small-entries") return in;
  const ClosedDegrees closed = closed_degrees(value.half_width, log_inverse_error(p));
  in["closed_degrees"] = {{"at_least", closed.at_least.value}, {"at_most", closed.at_most.value}};
  in["degree_ratio"] = degree_ratio(p);
  return in;
}

std::optional<Json> with_both_ends(Json in) {
  const WorkingPrecision precision(Bits{128});
  for (const char* end : {"pays", "does_not_pay"}) {
    const PhasePoint p = point_of(in, rational(in, end));
    const PhaseValue value = phase_value(p);
    const std::optional<Json> degrees = proved_degrees(p, value);
    if (!degrees || value.half_width > kLargestHalfWidth) return {};
    in[std::string("at_") + end] = *degrees;
  }
  const auto closed = [&](const char* key) {
    const PhasePoint p = point_of(in, rational(in, key));
    const Interval X = enclose(half_width_ratio(p)) * p.n.log();
    return closed_degrees(to_rational(key == std::string("low") ? upper(X) : lower(X)), log_inverse_error(p));
  };
  in["closed_degrees"] = {{"at_least", closed("high").at_least.value},
                          {"at_most", closed("low").at_most.value}};
  const PhasePoint p = point_of(in, 0);
  const Interval limit = limit_kappa_star(p.kind, p.c, p.C).interval();
  const Rational ends[] = {rational_from_text(decimal_down(lower(limit), 12), "limit"),
                           rational_from_text(decimal_up(upper(limit), 12), "limit")};
  in["limit"] = {{"lower", exact_text(ends[0])},
                 {"upper", exact_text(ends[1])},
                 {"ratio_at_lower", degree_ratio(point_of(in, ends[0]))},
                 {"ratio_at_upper", degree_ratio(point_of(in, ends[1]))}};
  return in;
}

/// Can the checker go through it? Of networks the checker has attention layers.
bool within_reach(const std::string& lemma, const Json& instance) {
  if (lemma == "network-errors")
    return std::none_of(instance.at("layers").begin(), instance.at("layers").end(), [](const Json& layer) {
      return layer.contains("mlp") || layer.contains("layer norm");
    });
  if (lemma != "merlin-arthur") return true;
  const double K = instance.at("K").get<double>(), l = instance.at("l").get<double>(),
               T = instance.at("T").get<double>(), q = instance.at("q").get<double>();
  return std::exp2(K * l * T) * std::pow(q, (K - 1) * (l - 1 + T) + 1) < 1e8;  // tuples, advices, bits
}

/// None where a proof is beyond the checker's limits, or not found in seconds.
std::optional<Json> with_proofs(const std::string& lemma, const Json& instance) {
  if (!within_reach(lemma, instance)) return {};
  if (lemma == "degree-formula") return with_degree_proof(instance);
  if (lemma == "best-absolute-error") return with_best_error(instance, ErrorKind::absolute);
  if (lemma == "best-relative-error") return with_best_error(instance, ErrorKind::relative);
  if (lemma == "degree-from-above" || lemma == "degree-from-below")
    return with_closed_degree(lemma, instance);
  if (lemma == "kappa-star") return with_both_ends(instance);
  if (lemma == "small-entries" || lemma == "constant-kappa") return with_point(lemma, instance);
  return instance;
}

}  // namespace

bool in_catalogue(const std::string& claim, const std::string& comparison) {
  for (const OfLemma& of : kCatalogue)
    for (const OfClaim& c : of.claims)
      for (const OfComparison& listed : c.comparisons)
        if (claim == c.claim && comparison == listed.name) return true;
  return false;
}

std::optional<Json> claim_instance_certificate(const std::string& claim, const Json& witness,
                                               const char* relation, const Json& constants) {
  if (!witness.is_object()) return {};
  for (const OfLemma& of : kCatalogue)
    for (const OfClaim& c : of.claims)
      for (const OfComparison& comparison : c.comparisons)
        if (claim == c.claim && witness.at("comparison") == comparison.name) {
          const std::optional<Json> instance = with_proofs(of.lemma, witness.at("instance"));
          if (!instance) return {};
          return Json{
              {"format", "attnbounds-certificate"},
              {"version", 1},
              {"kind", "claim-instance"},
              {"claim", claim},
              {"comparison", comparison.name},
              {"lemma", of.lemma},
              {"left", {{"quantity", comparison.left}, {"scale", "1"}}},
              {"relation", relation},
              {"right", {{"quantity", comparison.right}, {"scale", scale_text(comparison.scale, constants)}}},
              {"instance", *instance}};
        }
  return {};
}

}  // namespace attnbounds
