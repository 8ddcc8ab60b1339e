// Claim cards: the grammar (every rule, every error with its place), evaluation, the catalogue, shrinking,
// and the cards that ship.
#include <algorithm>
#include <filesystem>
#include <set>

#include "catch.hpp"
#include "numeric/files.hpp"
#include "proofs_check/card/check.hpp"

using namespace attnbounds;

namespace {

namespace fs = std::filesystem;
const fs::path examples = fs::path(ATTNBOUNDS_SOURCE_DIR) / "examples/cards";

/// A card about one number x of [1, 2] and a matrix M, so that expressions can be put anywhere.
Card card_about(const std::string& conclusion) {
  return card_from_text("given x in rationals [1, 2]\ngiven M in matrices(2, 2) [-1, 1]\nclaim " + conclusion,
                        "t");
}
CardInstance instance_at(const Rational& x, double a, double b, double c, double d) {
  Matrix<double> m(2, 2);
  m << a, b, c, d;
  return {{x, m}};
}
Rational exact_value(const std::string& expression) {
  const Card card = card_about(expression + " = 0");
  const CardInstance instance = instance_at(Rational(3, 2), 1, 0.5, -1, 0.25);
  return Evaluation(card, instance, Bits{64}).exact(card.conclusion.left);
}
Interval enclosed_value(const std::string& expression, Bits bits = {64}) {
  const Card card = card_about(expression + " <= 0");
  const CardInstance instance = instance_at(Rational(3, 2), 1, 0.5, -1, 0.25);
  const WorkingPrecision guard(bits);
  return std::get<Interval>(Evaluation(card, instance, bits).value(card.conclusion.left));
}

struct Failure {
  std::string message, excerpt;
};
Failure failure_of(const std::string& text) {
  try {
    card_from_text(text, "t.card");
  } catch (const CardError& error) {
    return {error.what(), error.excerpt};
  }
  return {"read", ""};
}

CardResult checked(const std::string& text) {
  return check_card(card_from_text(text, "t.card"), "card/t", {0, Level::quick, {2}});
}

}  // namespace

TEST_CASE("expressions bind as in mathematics") {
  CHECK(exact_value("2 + 3 * 4") == 14);
  CHECK(exact_value("2 - 3 - 4") == -5);
  CHECK(exact_value("12 / 3 / 2") == 2);
  CHECK(exact_value("-2^2") == -4);
  CHECK(exact_value("2^-1") == Rational(1, 2));
  CHECK(exact_value("2^3^2") == 512);
  CHECK(exact_value("(2 + 3) * x") == Rational(15, 2));
  CHECK(exact_value("1e-3 + 0.25") == Rational(251, 1000));
  CHECK(exact_value("sum(i in 1..4, i^2)") == 30);
  CHECK(exact_value("sum(i in 3..2, i)") == 0);
  CHECK(exact_value("largest(i in -3..2, i^2 - i)") == 12);
  CHECK(exact_value("sum(i in 1..2, sum(j in 1..2, entry(M, i, j)))") == Rational(3, 4));
}

TEST_CASE("matrices of cards agree with their definitions, exactly") {
  CHECK(exact_value("max_norm(M)") == 1);
  CHECK(exact_value("one_norm(M)") == Rational(11, 4));
  CHECK(exact_value("row_sum_norm(M)") == Rational(3, 2));
  CHECK(exact_value("column_sum_norm(M)") == 2);
  CHECK(exact_value("frobenius_squared(M)") == Rational(37, 16));
  CHECK(exact_value("column_range(M)") == 2);
  CHECK(exact_value("trace(M)") == Rational(5, 4));
  CHECK(exact_value("rank(M)") == 2);
  CHECK(exact_value("rank(M * constant(0, 2, 2))") == 0);
  CHECK(exact_value("trace(M * transpose(M)) - frobenius_squared(M)") == 0);
  CHECK(exact_value("max_norm(scores(M, M) - M * transpose(M) / 2)") == 0);
  CHECK(exact_value("max_norm(identity(2) * M - M)") == 0);
  CHECK(exact_value("max_norm(polynomial_attention(polynomial(1), M, M, M) - "
                    "constant(1/2, 2, 2) * M)") == 0);
  CHECK(exact_value("at(taylor(3), -2)") == Rational(-1, 3));
  CHECK(exact_value("binomial(5, 2) + binomial(5, 6) + factorial(4)") == 34);
  CHECK(exact_value("floor(-7/2) + ceil(7/2)") == 0);
  CHECK(exact_value("least_degree(1, 1/1000)") == 4);
  CHECK(exact_value("monomial_rank(2, 3)") == 10);
}

TEST_CASE("enclosures of cards hold the value and narrow with the precision") {
  for (const char* zero :
       {"log(exp(x)) - x", "sqrt(2)^2 - 2", "2^(1/2) - sqrt(2)", "exp(x)*exp(-x) - 1",
        "tanh(x) - (exp(2*x) - 1)/(exp(2*x) + 1)", "phi(2*x/(1 + x^2)*(1/2)) * 0", "total(softmax(M)) - 2",
        "frobenius(M)^2 - frobenius_squared(M)", "bessel_i_tail(1, 2) - bessel_i_tail(2, 2) - bessel_i(1, 2)",
        "max_norm(attention_gradient_v(M, M, M, M) - transpose(softmax(scores(M, M)))*M)",
        "max_norm(attention(M, M, M) - softmax(scores(M, M)) * M)"}) {
    INFO(zero);
    const Interval rough = enclosed_value(zero), fine = enclosed_value(zero, {256});
    CHECK(contains(rough, 0));
    CHECK(contains(fine, 0));
    CHECK(width(fine) < Real("1e-60"));
  }
  CHECK_FALSE(is_finite(enclosed_value("1/(exp(x) - exp(3/2))")));  // 0 in the divisor: unknown, not an error
}

TEST_CASE("an error names the line, the column, what was expected and what was found, over a caret") {
  const Failure f = failure_of("given x in rationals [1, 2]\nclaim phi(x <= 1\n");
  CHECK(f.message == "t.card:2:13: expected ')', found '<='");
  CHECK(f.excerpt == "claim phi(x <= 1\n            ^");
  const std::string start = "given x in rationals [1, 2]\n";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "1:1: expected at least one 'given'"},
      {start, "expected a claim, found the end of the card"},
      {start + "claim x <= 1\nclaim x <= 1", "3:1: expected one claim a card"},
      {start + "claim x < 1", "2:7: expected a claim with <=, >= or ="},
      {start + "claim exp(x) = 1", "2:14: expected '=' between exact numbers only"},
      {start + "claim y <= 1", "2:7: expected a name given or let above"},
      {start + "claim max_norm(x) <= 1", "2:16: expected a matrix, found an exact number"},
      {start + "claim binomial(exp(x), 1) <= 1", "2:16: expected an exact number, found a number"},
      {start + "claim binomial(x) <= 1", "expected 2 arguments of binomial, found 1"},
      {start + "claim exp(x, x) <= 1", "2:12: expected 1 arguments of exp, found more"},
      {start + "claim x + taylor(1) <= 1", "2:9: expected operands that fit"},
      {start + "let x = 1\nclaim x <= 1", "2:5: expected a name that is still free"},
      {start + "let phi = 1\nclaim x <= 1", "2:5: expected a name that no definition has"},
      {start + "let sum = 1\nclaim x <= 1", "2:5: expected a name"},
      {start + "given y in reals [0, 1]\nclaim x <= 1",
       "2:12: expected integers, rationals, matrices or layers"},
      {start + "title x\nclaim x <= 1", "2:7: expected a text in quotation marks"},
      {start + "title \"x\nclaim x <= 1", "2:7: expected a closing quotation mark"},
      {start + "claim x ? 1", "2:9: expected a name, a number, an operator or a string, found '?'"},
      {start + "claim 3x <= 1", "2:8: expected an operator after a number"},
      {start + "claim x <= 1e99999", "2:12: expected an exponent of at most 4 digits"},
      {start + "claim " + std::string(200, '(') + "x", "expected an expression at most 100 levels deep"},
  };
  for (const auto& [text, expected] : cases) {
    INFO(text);
    CHECK_THAT(failure_of(text).message, Catch::Matchers::Contains(expected));
  }
  std::string chain = start + "claim x";
  for (int i = 0; i < 2000; ++i) chain += "+1";
  CHECK_THAT(failure_of(chain + " <= 1").message, Catch::Matchers::Contains("at most 1000 operators"));
}

TEST_CASE("what has no value on an instance is an error at its place") {
  const auto fails = [](const std::string& text, const std::string& expected) {
    INFO(text);
    try {
      checked(text);
      FAIL("no error");
    } catch (const CardError& error) {
      CHECK_THAT(error.what(), Catch::Matchers::Contains(expected));
    }
  };
  fails("given x in integers [0, 2]\nclaim 1/x <= 1", "2:8: expected a divisor other than 0");
  fails("given x in integers [-2, -1]\nclaim log(x) <= 1", "2:7: expected a number > 0 in a logarithm");
  fails("given x in integers [0, 2]\ngiven M in matrices(x, 2) [0, 1]\nclaim max_norm(M) <= 1",
        "2:21: expected an integer from 1 to 64");
  fails("given x in integers [2, 1]\nclaim x <= 1", "1:7: expected a range that is not empty");
  fails("given M in matrices(2, 3) [0, 1]\nclaim max_norm(M*M) <= 9",
        "2:17: expected 3 rows of the right factor");
  fails("given M in matrices(2, 3) [0, 1]\nclaim trace(M) <= 9", "2:7: expected a square matrix in trace");
  fails("given x in integers [1, 2]\nclaim 9^(9^9) <= 1", "2:");
}

TEST_CASE("every definition of the catalogue has a meaning, and every meaning a definition") {
  std::set<std::string> listed, meant;
  for (const Definition& d : catalogue_of_definitions()) CHECK(listed.insert(d.name).second);
  for (const auto* meanings : {&number_meanings(), &matrix_meanings()})
    for (const auto& [name, meaning] : *meanings) CHECK(meant.insert(name).second);
  CHECK(listed == meant);
  const std::string page = read_file(fs::path(ATTNBOUNDS_SOURCE_DIR) / "docs/cards.md");
  for (const std::string& name : listed) {
    INFO(name);
    CHECK(page.find("`" + name + "(…)`") != std::string::npos);
  }
}

namespace {

/// A random expression of the grammar, as text.
std::string random_expression(Stream& s, int depth) {
  static const std::vector<std::string> leaves = {"x", "1", "2.5", "1e-3", "max_norm(M)", "y", "0"};
  if (depth == 0 || s.below(4) == 0) return leaves[s.below(leaves.size())];
  const auto part = [&] { return random_expression(s, depth - 1); };
  switch (s.below(9)) {
    case 0:
      return part() + "+" + part();
    case 1:
      return part() + " - " + part();
    case 2:
      return part() + "*" + part();
    case 3:
      return part() + "/" + part();
    case 4:
      return "(" + part() + ")";
    case 5:
      return "-" + part();
    case 6:
      return "(" + part() + ")^" + part();
    case 7:
      return "max(" + part() + ", " + part() + ")";
    default:
      return "exp(sum(k in 1..3, k*(" + part() + ")))";
  }
}

}  // namespace

TEST_CASE("a printed card reads back as the same card") {
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    Stream s(seed, "tests/card/print");
    INFO("seed " << seed);
    std::string text =
        "title \"t\"\ngiven x in rationals [0, 1]\nlet y = x^2\ngiven M in matrices(2, 1+1) [-y, 1]\nclaim ";
    // sums in sums would need their own index names
    text += random_expression(s, 3) + " <= " + random_expression(s, 3);
    try {
      const Card card = card_from_text(text, "t");
      const Card again = card_from_text(card_text(card), "t");
      CHECK(again.conclusion.left == card.conclusion.left);
      CHECK(again.conclusion.right == card.conclusion.right);
      CHECK(card_text(again) == card_text(card));
      CHECK_FALSE(latex_of(card.conclusion).empty());
    } catch (const CardError& error) {  // the index k inside itself
      CHECK_THAT(error.what(), Catch::Matchers::Contains("a name that is still free"));
    }
  }
}

TEST_CASE("any text is a card or a CardError, whatever was done to a good one") {
  std::vector<std::string> seeds;
  for (const auto& entry : fs::recursive_directory_iterator(examples))
    if (entry.path().extension() == ".card") seeds.push_back(read_file(entry.path()));
  REQUIRE(seeds.size() >= 12);
  std::size_t read = 0;
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    Stream s(seed, "tests/card/fuzz");
    INFO("seed " << seed);
    std::string text = seeds[s.below(seeds.size())];
    for (std::uint64_t edits = 1 + s.below(4); edits > 0 && !text.empty(); --edits) {
      const std::size_t at = s.below(text.size()), length = 1 + s.below(8);
      switch (s.below(4)) {
        case 0:
          text.erase(at, length);
          break;
        case 1:
          text[at] = static_cast<char>(s.below(256));
          break;
        case 2:
          text.insert(at, text.substr(s.below(text.size()), length));
          break;
        default: {
          const std::string& other = seeds[s.below(seeds.size())];
          text.insert(at, other.substr(s.below(other.size()), 4 * length));
        }
      }
    }
    try {
      const Card card = card_from_text(text, "fuzz");
      CHECK(card_text(card_from_text(card_text(card), "fuzz")) == card_text(card));
      ++read;
    } catch (const CardError& error) {
      CHECK(std::string(error.what()).find('\n') == std::string::npos);
    }
  }
  CHECK(read > 100);
}

TEST_CASE(
    "every shipped card is answered as its folder says, its twin refuted, the same for any thread count") {
  std::size_t cards = 0;
  for (const auto& entry : fs::recursive_directory_iterator(examples)) {
    if (entry.path().extension() != ".card") continue;
    INFO(entry.path().string());
    ++cards;
    const bool false_card = entry.path().parent_path().filename() == "false";
    const Card card = card_of_file(entry.path());
    CHECK_FALSE(card.source.empty());
    CardResult result = check_card(card, card_id(entry.path()), {0, Level::quick, {2}});
    CHECK(result.result.verdict == (false_card ? Verdict::refuted : Verdict::verified));
    CHECK(result.result.twin_refuted());
    CHECK(result.result.instances > 0);
    if (false_card) {
      REQUIRE(result.result.worst);
      CHECK(result.result.worst->instance.contains("LaTeX"));
    }
    if (cards % 5 != 0) continue;
    Json one = card_entry(check_card(card, card_id(entry.path()), {0, Level::quick, {1}}));
    Json two = card_entry(result);
    one.erase("seconds");
    two.erase("seconds");
    CHECK(one == two);
  }
  CHECK(cards >= 12);
}

TEST_CASE("a counterexample shrinks to short numbers and small sizes") {
  const CardResult r = checked(
      "given n in integers [1, 6]\ngiven d in integers [1, 4]\ngiven M in matrices(n, d) [-5, 5]\n"
      "claim max_norm(M) <= 3");
  REQUIRE(r.result.verdict == Verdict::refuted);
  REQUIRE(r.result.worst);
  const Json& instance = r.result.worst->instance;
  CHECK(instance.at("n") == "1");
  CHECK(instance.at("d") == "1");
  const Json& entry = instance.at("M").at(0).at(0);
  CHECK((entry == "4" || entry == "-4" || entry == "5" || entry == "-5"));  // all as short
  CHECK(instance.at("LaTeX").get<std::string>().find(R"(\begin{pmatrix})") != std::string::npos);
}

TEST_CASE("the search finds a worst instance that drawing misses, and the twin is as sharp") {
  // left/right is largest, 1, at a single point of the range.
  const CardResult r = checked("given x in rationals [0, 1]\nclaim 1 - (x - 271828/1000000)^2 <= 1");
  CHECK(r.result.verdict == Verdict::verified);
  REQUIRE(r.result.ratio);
  CHECK(*r.result.ratio > 1 - 1e-6);
  CHECK(r.searched > 500);
  CHECK(r.result.twin_refuted());
}

TEST_CASE("a card with few integers is decided on every instance; one without instances is undecided") {
  const CardResult all = checked("given n in integers [1, 20]\nwhere n >= 3\nclaim factorial(n) >= 2^n - 2");
  CHECK(all.coverage == Coverage::every_instance);
  CHECK(all.result.instances == 18);
  CHECK(all.result.verdict == Verdict::verified);
  const CardResult none = checked("given x in rationals [0, 1]\nwhere x > 2\nclaim x <= 0");
  CHECK(none.result.instances == 0);
  CHECK(none.result.verdict == Verdict::undecided);
}

TEST_CASE("equal enclosures are undecided, and said to be") {
  const CardResult r = checked("given n in integers [1, 3]\nclaim log(exp(n)) <= n");
  CHECK(r.result.verdict == Verdict::undecided);
}
