// Reviewer mode: what a paper prints, derived again.
#include <regex>

#include "catch.hpp"
#include "cli/program.hpp"
#include "numeric/exact_text.hpp"
#include "report/paper_claims.hpp"

using namespace attnbounds;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

const std::string kExample = ATTNBOUNDS_SOURCE_DIR "/examples/paper/submission.claims";

Answer review(const std::string& claims, const std::string& more = "") {
  const TemporaryFolder folder;
  std::ofstream(folder.path / "mine.claims") << claims;
  return run_program("attnbounds",
                     "verify --paper-claims '" + (folder.path / "mine.claims").string() + "' " + more);
}
const std::string kDegree =
    "number \"degree\"\ncommand degree --interval 12 --eps 1e-12\nfield /degree\nprinted ";

}  // namespace

TEST_CASE("a printed decimal agrees exactly when it is the rounding of every value of the enclosure") {
  using Sense = PaperItem::Sense;
  const auto verdict = [](const std::string& printed, const char* lower, const char* upper,
                          Sense sense = Sense::rounded) {
    return is_rounding_of(printed, sense, rational_from_text(lower, ""), rational_from_text(upper, ""), "");
  };
  CHECK(verdict("4.37e-13", "4.3651e-13", "4.3749e-13") == Verdict::verified);
  CHECK(verdict("4.37e-13", "4.3749e-13", "4.3751e-13") == Verdict::undecided);
  CHECK(verdict("4.37e-13", "4.3751e-13", "4.38e-13") == Verdict::refuted);
  CHECK(verdict("4.37e-13", "4.36e-13", "4.3649e-13") == Verdict::refuted);
  CHECK(verdict("0.50", "0.495", "0.505") == Verdict::verified);  // a tie rounds to either neighbour
  CHECK(verdict("0.5", "0.449", "0.449") == Verdict::refuted);
  CHECK(verdict("-1.5", "-1.54", "-1.46") == Verdict::verified);
  CHECK(verdict("33", "33", "33") == Verdict::verified);
  CHECK(verdict("32", "33", "33") == Verdict::refuted);
  CHECK(verdict("1/3", "1/3", "1/3") == Verdict::verified);
  CHECK(verdict("1/3", "0.333", "0.334") == Verdict::undecided);
  CHECK(verdict("1e-6", "1e-7", "2e-7", Sense::at_most) == Verdict::verified);
  CHECK(verdict("1e-7", "1e-8", "2e-7", Sense::at_most) == Verdict::undecided);
  CHECK(verdict("1e-8", "1e-7", "2e-7", Sense::at_most) == Verdict::refuted);
  CHECK(verdict("2", "1.5", "1.6", Sense::at_least) == Verdict::refuted);
}

TEST_CASE("the example's numbers all agree, and its badge says what rests on what") {
  const TemporaryFolder folder;
  const std::string out = (folder.path / "badge").string();
  const Answer answer =
      run_program("attnbounds", "verify --paper-claims '" + kExample + "' --out '" + out + "'");
  INFO(answer.output << answer.errors);
  CHECK(answer.status == 0);
  // The line is broken at 80 columns.
  CHECK(has(std::regex_replace(answer.output, std::regex("\n    "), " "),
            "10 items: 9 agree, 0 do not, 1 undecided or open. Of those that agree: 7 proved, 2 checked, "
            "0 statistical."));
  for (const char* badge : {"badge.html", "badge.md", "badge.tex", "review.json"}) {
    INFO(badge);
    CHECK(has(contents(folder.path / "badge" / badge), "Conjecture 7"));
  }
  CHECK(has(contents(folder.path / "badge/badge.md"), "attnbounds degree --interval 12 --eps 1e-12"));
  CHECK(has(contents(folder.path / "badge/badge.html"), "<span class=\"verdict verified\">agrees</span>"));
  const Answer again =
      run_program("attnbounds", "verify --threads 2 --json --paper-claims '" + kExample + "'");
  CHECK(Json::parse(again.output) == Json::parse(contents(folder.path / "badge/review.json")));
}

TEST_CASE("a number or a figure that does not agree is status 1") {
  const Answer wrong = review(kDegree + "32\n");
  CHECK(wrong.status == 1);
  CHECK(has(wrong.output, "DOES NOT AGREE"));
  CHECK(review(kDegree + "33\n").status == 0);
  CHECK(review(kDegree + "<= 32\n").status == 1);
  CHECK(
      review(
          "number \"word\"\nprinted refuted\ncommand verify --claim aggarwal-alman-2022/least-degree\nfield "
          "/claims/0/verdict\n")
          .status == 1);
  CHECK(
      review(
          "figure \"f\"\ncommand degree --interval 1 --eps 1e-3 --certificate c.json\nfile c.json\nsha256 " +
          std::string(64, '0') + "\n")
          .status == 1);
}

TEST_CASE("bad claims files are one line with the place, and status 2") {
  const auto check = [](const std::string& text, const std::string& expected) {
    const Answer answer = review(text);
    INFO(text << "\n" << answer.errors);
    CHECK(answer.status == 2);
    CHECK(answer.output.empty());
    CHECK(std::count(answer.errors.begin(), answer.errors.end(), '\n') == 1);
    CHECK(has(answer.errors, expected));
  };
  check("", "expected at least one number");
  check("printed 3\n", "mine.claims:1: expected paper, number, figure or statement");
  check("number degree\n", "mine.claims:1: expected a name in double quotes");
  check("number \"a\"\nprinted 3\n", "mine.claims:1: expected a line `command");
  check(kDegree + "about 3\n", "mine.claims:4: expected a number or one word");
  check(kDegree + "33\nfigure \"degree\"\n", "a name that no earlier item has");
  check("number \"a\"\ncommand rm -rf x\n", "mine.claims:2: expected a command of attnbounds");
  check("number \"a\"\ncommand verify --paper-claims x\n", "other than the review itself");
  check("number \"a\"\ncommand degree --interval 12 --eps 1e-12\nfield degree\n",
        "a JSON pointer such as /error");
  check("number \"a\"\nprinted 1\ncommand degree --interval 12 --eps 1e-12\nfield /rank\n",
        "which has /degree, /error");
  check("number \"a\"\nprinted 1\ncommand degree --interval x --eps 1e-12\nfield /degree\n", "exit status 2");
  check("number \"a\"\nprinted 1\ncommand degree --interval 12 --eps 1e-12\nfield /degree\nsha256 0\n",
        "a line of this kind of item");
  check("statement \"a\"\nclaim no/such\n", "an id that `attnbounds claims` lists");
}
