#include "proofs_check/as_printed.hpp"

namespace attnbounds {

const std::map<std::string, std::string>& failures_as_printed() {
  static const std::map<std::string, std::string> list{
      {"alman-song-2024-gradient/rank", "Lemma D.5: U1 (diag(row sums) U2)^T for p2, which scales columns"},
      {"alman-song-2024-gradient/norm-along-scale", "Lemma E.3's proof: 8 B n, without the factor d"},
      {"alman-song-2024-gradient/closed-form", "Appendices B and C: the gradient without its factor 1/d"},
      {"liang-et-al-2024-multilayer/one-layer-gradient",
       "Lemma D.17: f for f^T in D6 to D8, W and W^T exchanged"},
      {"hu-et-al-2024-lora/closed-form", "dL/dB_Q = (C1)^T p A_Q C2 (proof sketch of Theorem 3.1)"},
      {"hu-et-al-2024-lora/score-range",
       "(3.3) with temperature 1: undivided scores reach d Gamma^2, not Gamma^2"},
      {"hu-et-al-2024-dit/normalisation",
       "(4.4), (4.5): D = diag(exp(.) 1) sums over queries, so V D^-1 exp(.) is no softmax"},
      {"hu-et-al-2024-dit/decoder",
       "(O3), Problem 2: W_A taken for no change; entry errors grow by up to sqrt(d0)"},
      {"liang-shi-song-yang-2024-prefix/features-needed",
       "error 1/poly(m) with d^2 + d numbers: no features of that many numbers reach it"},
      {"liang-shi-song-zhou-2024-private/relative-error",
       "relative error 2 eps/(1 - eps) of |Att| for values of either sign"},
      {"aliakbarpour-et-al-2025/forward-error",
       "P(0) not 1, as the code's degree-3 option: every large pair's weight is off by P(0) - 1"},
      {"heinsen-kozachkov-2026/denominator",
       "an even number of Taylor terms, 4 included: the denominator can be 0"},
  };
  return list;
}

}  // namespace attnbounds
