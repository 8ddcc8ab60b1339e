#include "kernels/cost_model.hpp"

#include <cstdlib>

#include "catch.hpp"
#include "kernels/guaranteed_attention.hpp"
#include "numeric/random.hpp"

using namespace attnbounds;

namespace {

AttentionInput small_input() {
  Stream stream(1, "cost model test");
  Matrix<double> q = stream.uniform_matrix(40, 2, 0.5), k = stream.uniform_matrix(40, 2, 0.5);
  return {q, k, stream.uniform_matrix(40, 2, 1)};
}

}  // namespace

TEST_CASE("the cost model's text comes back as it was; another format, processor or nonsense does not") {
  CostModel model = reference_cost_model();
  model.exact = {1.25e-9, 3e-11, 5e-11};
  const std::string text = cost_model_text(model);
  const auto back = cost_model_from_text(text);
  REQUIRE(back);
  CHECK(back->exact == model.exact);
  CHECK(back->polynomial == model.polynomial);
  CHECK(back->preparation == model.preparation);
  CHECK(back->causal_polynomial == model.causal_polynomial);
  CHECK(back->tensor == model.tensor);
  CHECK(back->gradient == model.gradient);
  CHECK_FALSE(cost_model_from_text("not JSON"));
  CHECK_FALSE(cost_model_from_text("{}"));
  std::string other = text;
  other.replace(other.find("\"format\": "), 11, "\"format\": 0");
  CHECK_FALSE(cost_model_from_text(other));
  other = text;
  other.replace(other.find("\"processor\": \"") + 14, 1, "#");
  CHECK_FALSE(cost_model_from_text(other));
}

TEST_CASE("the model's costs grow with every size, and a causal mask costs less of the exact method") {
  const CostModel& model = reference_cost_model();
  const AttentionShape shape{1000, 2000, 8, 16, Mask::none, ThreadCount{1}};
  for (auto size : {&AttentionShape::queries, &AttentionShape::keys, &AttentionShape::dimension,
                    &AttentionShape::columns}) {
    AttentionShape more = shape;
    more.*size *= 2;
    CHECK(model.exact_seconds(more) > model.exact_seconds(shape));
    CHECK(model.polynomial_seconds(more, 100) > model.polynomial_seconds(shape, 100));
  }
  CHECK(model.polynomial_seconds(shape, 200) > model.polynomial_seconds(shape, 100));
  AttentionShape causal = shape;
  causal.mask = Mask::causal;
  CHECK(model.exact_seconds(causal) < model.exact_seconds(shape));
  AttentionShape threads = shape;
  threads.threads = ThreadCount{2};
  CHECK(model.exact_seconds(threads) < model.exact_seconds(shape));
}

TEST_CASE("the model decides the method and nothing else") {
  const AttentionInput in = small_input();
  AttentionRequest request{Rational(1, 100), MethodChoice::automatic, Mask::none, {}, ThreadCount{2}, {}};
  CostModel dear = reference_cost_model(), cheap = dear;
  dear.preparation = {1e9, 0};
  cheap.polynomial = {};
  cheap.preparation = {};
  request.model = dear;
  const AttentionResult exact = guaranteed_attention(in, request);
  CHECK(exact.method == AttentionMethod::exact);
  request.model = cheap;
  const AttentionResult polynomial = guaranteed_attention(in, request);
  CHECK(polynomial.method == AttentionMethod::polynomial);
  request.method = MethodChoice::exact;
  CHECK(guaranteed_attention(in, request).output == exact.output);
  request.method = MethodChoice::polynomial;
  CHECK(guaranteed_attention(in, request).output == polynomial.output);
}

TEST_CASE("the model's file is in the user's cache folder") {
  const char* before = std::getenv("XDG_CACHE_HOME");
  const std::string kept = before ? before : "";
  setenv("XDG_CACHE_HOME", "/somewhere", 1);
  CHECK(cost_model_file() == std::filesystem::path("/somewhere/attnbounds/cost-model.json"));
  setenv("XDG_CACHE_HOME", "relative", 1);  // the specification says: ignore
  setenv("HOME", std::getenv("HOME") ? std::getenv("HOME") : "/home/x", 1);
  CHECK(cost_model_file() ==
        std::filesystem::path(std::getenv("HOME")) / ".cache/attnbounds/cost-model.json");
  if (before) setenv("XDG_CACHE_HOME", kept.c_str(), 1);
  else unsetenv("XDG_CACHE_HOME");
}
