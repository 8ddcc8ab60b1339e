// The worst-input search: what it finds, that what it says is certified, that it is the same bytes for any
// number of threads and when it is resumed, and that a broken program is caught.
#include <atomic>
#include <filesystem>

#include "attention/attention.hpp"
#include "catch.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/files.hpp"
#include "numeric/random.hpp"
#include "polynomial/polynomial.hpp"
#include "proofs_check/worst_input/external.hpp"
#include "proofs_check/worst_input/kernels.hpp"
#include "proofs_check/worst_input/search.hpp"

using namespace attnbounds;

namespace {

namespace fs = std::filesystem;

SearchSettings settings_of(std::size_t evaluations, ProgramKind kind = ProgramKind::matrix) {
  SearchSettings s;
  s.kind = kind;
  s.n = 4;
  s.d = 2;
  s.box = 1;
  s.evaluations = evaluations;
  s.threads = {2};
  return s;
}

/// Attention with another output: right up to `wrong`.
Program changed_attention(std::function<void(const ProgramInput&, Matrix<double>&)> wrong) {
  return {"changed", Concurrency::any_thread, EntryType::float64, [wrong](const ProgramInput& in) {
            ProgramAnswer answer{attention(in.matrices[0], in.matrices[1], in.matrices[2]), {}, ""};
            wrong(in, answer.output);
            return answer;
          }};
}

bool in_box(const ProgramInput& input, double box) {
  for (const Matrix<double>& m : input.matrices)
    if (max_abs(m) > box) return false;
  return true;
}

}  // namespace

TEST_CASE("starts are in the box, of the right shapes, and every program kind has them") {
  for (const ProgramKind kind :
       {ProgramKind::matrix, ProgramKind::causal, ProgramKind::tensor, ProgramKind::gradient})
    for (const double box : {0.25, 1.0, 30.0}) {
      SearchSettings s = settings_of(1, kind);
      s.box = box;
      const auto starts = structured_starts(s);
      CHECK(starts.size() >= 15);
      for (const auto& [start_name, input] : starts) {
        INFO(name(kind) << ": " << start_name);
        CHECK(input.matrices.size() == matrix_names(kind).size());
        CHECK(in_box(input, box));
        CHECK(exact_output(input).size() > 0);
      }
    }
}

TEST_CASE("the two-point start attains the perturbation lemma") {
  // Weights off by 1 + delta on one group of keys and 1 - delta on the other: the error is phi(delta) B.
  const double t = 0.5, delta = 2 * t / (1 + t * t);
  const Program perturbed{
      "perturbed", Concurrency::any_thread, EntryType::float64, [&](const ProgramInput& in) {
        const auto& m = in.matrices;
        const auto weight = [&](double s) { return std::exp(s) * (s > 0 ? 1 - delta : 1 + delta); };
        return ProgramAnswer{attention(m[0], m[1], m[2], Mask::none, weight), {}, ""};
      }};
  const SearchResult r = search_worst_input(perturbed, settings_of(20));
  REQUIRE(r.worst.measured.comparable);
  const double phi = 2 * t;  // of delta
  CHECK(nearest(midpoint(r.worst.measured.error)) > 0.99 * phi);
  CHECK(r.worst.measured.error.convert_to<double>() <= phi * (1 + 1e-9));
}

TEST_CASE("the search finds an error that no start shows, and shrinking keeps half of it") {
  const Program hidden = changed_attention([](const ProgramInput& in, Matrix<double>& out) {
    const Matrix<double>& keys = in.matrices[1];
    if (keys.rows() < 2 || keys.cols() < 2) return;         // shrunk that far, the error is gone
    const double x = in.matrices[0](0, 0), y = keys(1, 1);  // largest at one corner of the box
    out(0, 0) += 1e-3 * std::max(0.0, x - 0.5) * std::max(0.0, -0.25 - y);
  });
  const SearchSettings s = settings_of(1500);
  const SearchResult r = search_worst_input(hidden, s);
  CHECK(r.evaluations <= 1500);
  CHECK(in_box(r.worst.input, s.box));
  CHECK(nearest(midpoint(r.worst.measured.error)) > 0.999e-3 * 0.5 * 0.75);
  CHECK(nearest(midpoint(r.shrunk.measured.error)) >= nearest(midpoint(r.worst.measured.error)) / 2);
  CHECK(r.shrunk.input.matrices[0].rows() == 1);
}

TEST_CASE("a search has the same result for any number of threads, and when it is resumed") {
  const Program program = named_kernel("softmax-float32", ProgramKind::matrix);
  SearchSettings one = settings_of(200), two = settings_of(200), half = settings_of(100);
  one.threads = {1};
  const std::string whole = search_json(search_worst_input(program, one), one).dump();
  CHECK(search_json(search_worst_input(program, two), two).dump() == whole);
  const TemporaryFolder folder;
  half.state = folder.path / "search.json";
  search_worst_input(program, half);
  CHECK(fs::exists(*half.state));
  half.evaluations = 200;
  auto resumed = search_json(search_worst_input(program, half), half),
       expected = search_json(search_worst_input(program, one), one);
  resumed.erase("starts");  // a resumed search does not measure them again
  expected.erase("starts");
  CHECK(resumed == expected);
  SearchSettings other = half;
  other.seed = 1;
  CHECK_THROWS_WITH(search_worst_input(program, other),
                    Catch::Matchers::Contains("the state of this search (seed 1)"));
}

TEST_CASE(
    "the project's own kernels keep their guarantees; a kernel with a third of the guarantee does not") {
  for (const ProgramKind kind :
       {ProgramKind::matrix, ProgramKind::causal, ProgramKind::tensor, ProgramKind::gradient})
    for (const char* kernel : {"exact", "polynomial"}) {
      INFO(kernel << " " << name(kind));
      SearchSettings s = settings_of(kind == ProgramKind::gradient ? 30 : 60, kind);
      s.objective = Objective::guarantee;
      const SearchResult r = search_worst_input(named_kernel(kernel, kind), s);
      CHECK(r.violations == 0);
      CHECK(r.largest_share.value_or(0) <= 1);
    }
  // The false twin: the guarantee of the polynomial method, cut.
  const Program honest = named_kernel("polynomial", ProgramKind::matrix);
  SearchSettings s = settings_of(300);
  s.objective = Objective::guarantee;
  const double share = search_worst_input(honest, s).largest_share.value_or(0);
  REQUIRE(share > 0);
  const Program cut{"cut", Concurrency::any_thread, EntryType::float64, [&](const ProgramInput& in) {
                      ProgramAnswer a = honest.run(in);
                      if (a.guarantee) a.guarantee->bound *= share * 0.99;
                      return a;
                    }};
  const SearchResult r = search_worst_input(cut, s);
  CHECK(r.violations > 0);
  CHECK(violates(r.worst.measured));
  CHECK(violates(r.shrunk.measured));
}

TEST_CASE("an output that is not finite is the worst there is; one that fails is none") {
  const Program overflow = changed_attention([](const ProgramInput& in, Matrix<double>& out) {
    if (in.matrices[2](0, 0) < 0) out(0, 0) = std::nan("");
  });
  const SearchResult r = search_worst_input(overflow, settings_of(400));
  CHECK(r.worst.measured.failure == kNotFinite);
  CHECK(r.shrunk.measured.failure == kNotFinite);
  std::atomic<int> runs{0};
  const Program fails{"fails", Concurrency::any_thread, EntryType::float64, [&](const ProgramInput&) {
                        ++runs;
                        return ProgramAnswer{{}, {}, "no"};
                      }};
  const SearchResult none = search_worst_input(fails, settings_of(30));
  CHECK_FALSE(none.worst.measured.comparable);
  CHECK(none.failures == none.evaluations);
  CHECK(none.violations == 0);
}

TEST_CASE("the violated term is rounding where the order of the keys shows it, else the bound") {
  const auto with_parts = [](double wrong, bool by_order) {
    return Program{"parts", Concurrency::any_thread, EntryType::float64, [=](const ProgramInput& in) {
                     const auto& m = in.matrices;
                     ProgramAnswer a{attention(m[0], m[1], m[2]), Guarantee{2e-3, 1e-3, 1e-3}, ""};
                     // Wrong by the difference of the first and the last key, or always.
                     a.output(0, 0) += by_order ? wrong * (m[1](0, 0) - m[1](m[1].rows() - 1, 0)) : wrong;
                     return a;
                   }};
  };
  const SearchResult by_order = search_worst_input(with_parts(1e-2, true), settings_of(200));
  REQUIRE(violates(by_order.worst.measured));
  CHECK(violated_term(by_order.worst.measured, by_order.relations) == "rounding");
  const SearchResult always = search_worst_input(with_parts(2.5e-3, false), settings_of(60));
  REQUIRE(violates(always.worst.measured));
  CHECK(violated_term(always.worst.measured, {}) == "bound");
  Measured m;
  m.guarantee = Guarantee{1, 0.0, 1.0};
  CHECK(violated_term(m, {}) == "rounding");
  m.guarantee = Guarantee{1, 1.0, 0.0};
  CHECK(violated_term(m, {}) == "approximation");
}

TEST_CASE(
    "each relation catches the program that breaks it, and no correct program breaks one by more than "
    "rounding") {
  const SearchSettings s = settings_of(1);
  Stream random(1, "tests/relations");
  const ProgramInput input{
      ProgramKind::matrix,
      {random.uniform_matrix(4, 2, 1), random.uniform_matrix(4, 2, 1), random.uniform_matrix(4, 2, 1)}};
  const auto difference = [&](const Program& program, const std::string& relation) {
    for (const RelationResult& r : check_relations(program, input, s))
      if (r.name == relation) {
        CHECK(r.failure.empty());
        return round_up(r.difference);
      }
    FAIL("no relation " << relation);
    return 0.0;
  };
  const Program right = changed_attention([](const ProgramInput&, Matrix<double>&) {});
  for (const RelationResult& r : check_relations(right, input, s)) {
    INFO(r.name);
    CHECK(r.failure.empty());
    CHECK(round_up(r.difference) < 1e-14);
  }
  const auto broken = [&](const std::string& relation,
                          std::function<void(const ProgramInput&, Matrix<double>&)> wrong) {
    INFO(relation);
    CHECK(difference(changed_attention(std::move(wrong)), relation) > 1e-4);
  };
  broken("accuracy", [](const ProgramInput&, Matrix<double>& out) { out(0, 0) += 1e-3; });
  broken("invariance/key-shift",
         [](const ProgramInput& in, Matrix<double>& out) { out(0, 0) += 1e-3 * in.matrices[1].sum(); });
  broken("invariance/key-permutation",
         [](const ProgramInput& in, Matrix<double>& out) { out(0, 0) += 1e-2 * in.matrices[1](0, 0); });
  broken("invariance/value-scaling", [](const ProgramInput&, Matrix<double>& out) { out(0, 0) += 1e-2; });
  broken("invariance/duplicated-keys", [](const ProgramInput& in, Matrix<double>& out) {
    out(0, 0) += 1e-3 * static_cast<double>(in.matrices[1].rows());
  });
  broken("parity/blocked", [](const ProgramInput& in, Matrix<double>& out) {
    out(0, 0) += 1e-3 * static_cast<double>(in.matrices[0].rows());
  });
  broken("parity/batch", [](const ProgramInput& in, Matrix<double>& out) {
    out(0, 0) += 1e-3 * static_cast<double>(in.matrices[0].rows());
  });
  for (const ProgramKind kind : {ProgramKind::causal, ProgramKind::tensor, ProgramKind::gradient}) {
    const auto starts = structured_starts(settings_of(1, kind));
    for (const RelationResult& r :
         check_relations(named_kernel("exact", kind), starts.back().second, settings_of(1, kind))) {
      INFO(name(kind) << " " << r.name);
      CHECK(r.failure.empty());
      CHECK(round_up(r.difference) < 1e-7);
    }
  }
}

TEST_CASE("inputs survive being written and read: signed zeros, denormals, every last bit") {
  for (const auto& [start, input] : structured_starts(settings_of(1))) {
    const ProgramInput again = input_from_json(input_json(input), input.kind, "t");
    for (std::size_t a = 0; a < input.matrices.size(); ++a)
      for (Eigen::Index e = 0; e < input.matrices[a].size(); ++e) {
        CHECK(again.matrices[a].data()[e] == input.matrices[a].data()[e]);
        CHECK(std::signbit(again.matrices[a].data()[e]) == std::signbit(input.matrices[a].data()[e]));
      }
  }
}

TEST_CASE("the kernels in float and double keep their guarantees on entries of their type") {
  for (const char* kernel : {"exact-float64", "exact-float32", "polynomial-float64", "polynomial-float32"})
    for (const ProgramKind kind : {ProgramKind::matrix, ProgramKind::causal}) {
      INFO(kernel << " " << name(kind));
      SearchSettings s = settings_of(600, kind);
      s.objective = Objective::guarantee;
      const SearchResult r = search_worst_input(named_kernel(kernel, kind), s);
      CHECK(r.violations == 0);
      REQUIRE(r.largest_share);
      CHECK(*r.largest_share <= 1);
      CHECK(r.failures < r.evaluations / 2);
      if (r.entries == EntryType::float32)
        for (const Matrix<double>& m : r.worst.input.matrices)
          for (Eigen::Index e = 0; e < m.size(); ++e)
            CHECK(static_cast<double>(static_cast<float>(m.data()[e])) == m.data()[e]);
    }
}

TEST_CASE("entries are rounded to their type, to nearest, and never out of the box") {
  CHECK(rounded_entry(1 + 0x1p-8, EntryType::bfloat16, 2) == 1);  // a tie, to even
  CHECK(rounded_entry(1 + 0x1p-8 + 0x1p-20, EntryType::bfloat16, 2) == 1 + 0x1p-7);
  CHECK(rounded_entry(0.1, EntryType::float32, 1) == static_cast<double>(0.1F));
  CHECK(rounded_entry(0.1, EntryType::float64, 1) == 0.1);
  Stream s(3, "tests/rounded");
  for (int i = 0; i < 2000; ++i) {
    const double box = 0.5 + s.unit() * 0.25;
    for (const EntryType type : {EntryType::float32, EntryType::bfloat16}) {
      const double x = rounded_entry(s.sign() * box * (1 - std::ldexp(std::abs(s.unit()), -20)), type, box);
      CHECK(std::abs(x) <= box);
      CHECK(std::abs(x) >= box * (1 - 0x1p-6));
      CHECK(rounded_entry(x, type, box) == x);
    }
  }
}

TEST_CASE("a million inputs: no kernel of this project exceeds its guarantee", "[.long]") {
  // 10^6 evaluations in all. (The methods `exact` and `polynomial` choose a polynomial for every input, which
  // takes milliseconds: they have their turn above.)
  for (const auto& [kernel, kind, evaluations] :
       {std::tuple{"exact-float64", ProgramKind::matrix, 200020},
        std::tuple{"exact-float64", ProgramKind::causal, 150020},
        std::tuple{"exact-float32", ProgramKind::matrix, 200020},
        std::tuple{"polynomial-float64", ProgramKind::matrix, 200020},
        std::tuple{"polynomial-float64", ProgramKind::causal, 50020},
        std::tuple{"polynomial-float32", ProgramKind::matrix, 200020}}) {
    INFO(kernel << " " << name(kind));
    SearchSettings s = settings_of(static_cast<std::size_t>(evaluations), kind);
    s.n = 3;
    s.threads = all_cores();
    s.objective = Objective::guarantee;
    const SearchResult r = search_worst_input(named_kernel(kernel, kind), s);
    WARN(kernel << " " << name(kind) << ": " << r.evaluations << " evaluations, error/guarantee at most "
                << r.largest_share.value_or(-1));
    CHECK(r.violations == 0);
    CHECK(r.largest_share.value_or(2) <= 1);
  }
}
