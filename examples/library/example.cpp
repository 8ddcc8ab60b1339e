// The library from a project of one's own: a least degree with its proof, and attention with a guaranteed
// error.
#include <cstdio>

#include "attention/enclosure.hpp"
#include "kernels/guaranteed_attention.hpp"
#include "numeric/random.hpp"
#include "polynomial/least_degree.hpp"

int main() {
  using namespace attnbounds;

  const LeastDegree least = least_degree(Rational(2), Rational(1, 1000000), ErrorKind::relative);
  std::printf("exp on [-2, 2] to 1e-6, relatively: degree %ld, and no less\n", least.degree.value);

  Stream draw(0, "example");  // seed and name: the same numbers everywhere
  const AttentionInput input{draw.uniform_matrix(64, 3, 1), draw.uniform_matrix(64, 3, 1),
                             draw.uniform_matrix(64, 3, 1)};
  AttentionRequest request;
  request.epsilon = Rational(1, 1000000);
  request.method = MethodChoice::polynomial;
  const AttentionResult result = guaranteed_attention(input, request);
  std::printf("attention by a polynomial of degree %ld, rank %ld\n", result.degree.value, result.rank);

  // The true error, enclosed, against what the kernel promised.
  const Enclosure error =
      largest_error(result.output, attention_enclosure(input, request.mask, result.bound.exact() / 1024));
  const Verdict kept = at_most(error.interval(), enclose(result.bound.exact()));
  std::printf("error in [%.3e, %.3e], promised at most %.3e: %s\n", round_down(error.interval()),
              round_up(error.interval()), result.bound.value(), name(kept));
  return kept == Verdict::verified ? 0 : 1;
}
