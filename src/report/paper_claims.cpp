#include "report/paper_claims.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "numeric/exact_text.hpp"
#include "numeric/files.hpp"
#include "reductions/receipt/receipt.hpp"
#include "report/formats.hpp"

namespace attnbounds {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongest = 1 << 20;  // bytes of a claims file
const std::set<std::string> kSubcommands = {"attention", "decide",    "degree", "gradient", "hard",
                                            "phase",     "propagate", "reduce", "verify"};

std::string trimmed(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" \t\r");
  return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(" \t\r") + 1 - begin);
}

/// A word in double quotes, the whole rest of the line.
std::string quoted(const std::string& text, const std::string& place) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"' || text.find('"', 1) != text.size() - 1)
    throw InputError(place, "a name in double quotes", text.empty() ? "nothing" : "'" + text + "'");
  return text.substr(1, text.size() - 2);
}

/// Words of a command: spaces separate, '…' and "…" hold a word together. No shell.
std::vector<std::string> words_of(const std::string& command, const std::string& place) {
  std::vector<std::string> words;
  std::string word;
  bool inside = false;
  char quote = 0;
  for (const char c : command) {
    if (quote != 0) {
      if (c == quote) quote = 0;
      else word += c;
    } else if (c == '\'' || c == '"') {
      quote = c;
      inside = true;
    } else if (c == ' ' || c == '\t') {
      if (inside) words.push_back(word);
      word.clear();
      inside = false;
    } else {
      word += c;
      inside = true;
    }
  }
  if (quote != 0) throw InputError(place, "a closing quote", "the end of the line");
  if (inside) words.push_back(word);
  if (!words.empty() && words.front() == "attnbounds") words.erase(words.begin());
  if (words.empty() || kSubcommands.count(words.front()) == 0) {
    std::string list;
    for (const std::string& s : kSubcommands) list += (list.empty() ? "" : ", ") + s;
    throw InputError(place, "a command of attnbounds: " + list,
                     words.empty() ? "nothing" : "'" + words.front() + "'");
  }
  for (const std::string& w : words)
    if (w == "--paper-claims") throw InputError(place, "a command other than the review itself", w);
  return words;
}

bool is_number(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789.eE+-/") == std::string::npos &&
         text.find_first_of("0123456789") != std::string::npos;
}

/// A unit of the last printed digit: 10^exponent - decimals.
Rational last_digit(const std::string& printed) {
  const std::size_t e = printed.find_first_of("eE");
  const std::string mantissa = printed.substr(0, e);
  const std::size_t point = mantissa.find('.');
  long exponent = point == std::string::npos ? 0 : -static_cast<long>(mantissa.size() - point - 1);
  if (e != std::string::npos) exponent += std::stol(printed.substr(e + 1));
  return rational_from_text("1e" + std::to_string(exponent), "printed");
}

struct Ends {
  Rational lower, upper;
};

std::optional<Rational> exact(const Json& value, const std::string& place) {
  if (value.is_number_unsigned()) return Rational(value.get<std::uint64_t>());
  if (value.is_number_integer()) return Rational(value.get<std::int64_t>());
  if (value.is_number_float()) return to_rational(value.get<double>());
  if (!value.is_string()) return {};
  const std::string text = value.get<std::string>();
  if (text.find_first_not_of("0123456789abcdefxpABCDEFXP.+-/") != std::string::npos ||
      text.find_first_of("0123456789") == std::string::npos)
    return {};
  try {
    return rational_from_text(text, place);
  } catch (const InputError&) {
    return {};
  }
}

/// A number, exact or as {"lower", "upper"}, {"at_least", "at_most"}; nothing for a word.
std::optional<Ends> ends_of(const Json& value, const std::string& place) {
  for (const auto& [low, high] : {std::pair("lower", "upper"), std::pair("at_least", "at_most")})
    if (value.is_object() && value.contains(low) && value.contains(high)) {
      const auto lower = exact(value.at(low), place), upper = exact(value.at(high), place);
      if (lower && upper) return Ends{*lower, *upper};
    }
  const auto x = exact(value, place);
  return x ? std::optional(Ends{*x, *x}) : std::nullopt;
}

Json value_at(const Json& answer, const std::string& field, const std::string& place) {
  try {
    if (const Json::json_pointer beside(field + "_exact"); answer.contains(beside)) return answer.at(beside);
    return answer.at(Json::json_pointer(field));
  } catch (const Json::exception&) {
    std::string keys;
    if (answer.is_object())
      for (const auto& [key, value] : answer.items()) keys += (keys.empty() ? "/" : ", /") + key;
    throw InputError(place, "a JSON pointer into the command's --json answer, which has " + keys,
                     "'" + field + "'");
  }
}

Basis basis_named(const std::string& word) {
  for (const Basis b : {Basis::proved, Basis::checked, Basis::statistical})
    if (word == name(b)) return b;
  return Basis::open;
}

/// What the field of a command's answer rests on.
Basis basis_of(const std::string& subcommand, const Json& answer, const std::string& field,
               const std::string& place, const StandingOfClaim& standing) {
  if (field.find("seconds") != std::string::npos || field.find("timing") != std::string::npos)
    throw InputError(place, "a number that is the same on every machine", "'" + field + "'");
  if (field.find("estimate") != std::string::npos || field.rfind("/bound_theory", 0) == 0)
    return Basis::statistical;  // floating point without a bound
  if (subcommand == "verify" && field.rfind("/claims/", 0) == 0) {
    const std::string entry = field.substr(0, field.find('/', 8));
    const Json& claim = value_at(answer, entry, place);
    if (!claim.contains("id")) throw InputError(place, "a claim's entry", "'" + entry + "'");
    const std::string id = claim.at("id").get<std::string>();
    if (id.rfind("card/", 0) == 0)
      return claim.value("coverage", "") == "every instance" ? Basis::proved : Basis::checked;
    return basis_named(standing(id));
  }
  if (subcommand == "propagate") {
    for (std::size_t end = field.size(); end != std::string::npos && end > 0;
         end = field.rfind('/', end - 1)) {
      const Json::json_pointer above(field.substr(0, end));
      if (answer.contains(above) && answer.at(above).is_object() && answer.at(above).contains("standing"))
        return answer.at(above).at("standing") == "proved" ? Basis::proved : Basis::statistical;
    }
    return answer.value("standing", "") == "proved" ? Basis::proved : Basis::statistical;
  }
  return Basis::proved;
}

std::string shown(const Ends& ends) {
  const WorkingPrecision guard(Bits{256});
  if (ends.lower == ends.upper) {
    const std::string text = exact_text(ends.lower);
    if (denominator(ends.lower) == 1 && text.size() < 30) return ends.lower.str();
  }
  return "in [" + decimal_down(lower(enclose(ends.lower)), 8) + ", " +
         decimal_up(upper(enclose(ends.upper)), 8) + "]";
}

}  // namespace

const char* name(Basis basis) {
  switch (basis) {
    case Basis::proved:
      return "proved";
    case Basis::checked:
      return "checked";
    case Basis::statistical:
      return "statistical";
    case Basis::open:
      return "open";
  }
  return "open";
}

PaperClaims paper_claims_from_text(const std::string& text, const std::string& file) {
  if (text.size() > kLongest)
    throw InputError(file, "at most 1 MiB of claims", std::to_string(text.size()) + " bytes");
  PaperClaims claims;
  std::set<std::string> labels;
  std::istringstream lines(text);
  long number = 0;
  const auto complete = [&](const PaperItem& item) {
    const auto missing = [&](const std::string& what) {
      throw InputError(item.place, what, "an item without it");
    };
    switch (item.kind) {
      case PaperItem::Kind::number:
        if (item.printed.empty()) missing("a line `printed VALUE`");
        if (item.commands.empty()) missing("a line `command SUBCOMMAND …`");
        if (item.fields.empty()) missing("a line `field /POINTER`");
        break;
      case PaperItem::Kind::figure:
        if (item.commands.empty()) missing("a line `command SUBCOMMAND …`");
        if (item.file.empty()) missing("a line `file PATH`");
        if (item.sha256.empty()) missing("a line `sha256 HASH`");
        break;
      case PaperItem::Kind::statement:
        break;
    }
  };
  for (std::string line; std::getline(lines, line);) {
    const std::string place = file + ":" + std::to_string(++number);
    line = trimmed(line);
    if (line.empty() || line.front() == '#') continue;
    const std::size_t space = std::min(line.find_first_of(" \t"), line.size());
    const std::string key = line.substr(0, space), rest = trimmed(line.substr(space));
    if (key == "paper") {
      claims.title = quoted(rest, place);
      continue;
    }
    if (key == "number" || key == "figure" || key == "statement") {
      if (!claims.items.empty()) complete(claims.items.back());
      PaperItem item;
      item.kind = key == "number"   ? PaperItem::Kind::number
                  : key == "figure" ? PaperItem::Kind::figure
                                    : PaperItem::Kind::statement;
      item.label = quoted(rest, place);
      item.place = place;
      if (!labels.insert(item.label).second) throw InputError(place, "a name that no earlier item has", rest);
      claims.items.push_back(std::move(item));
      continue;
    }
    if (claims.items.empty())
      throw InputError(place, "paper, number, figure or statement before the first item's lines",
                       "'" + key + "'");
    PaperItem& item = claims.items.back();
    const auto only = [&](PaperItem::Kind kind) {
      if (item.kind != kind) throw InputError(place, "a line of this kind of item", "'" + key + "'");
    };
    if (rest.empty()) throw InputError(place, "a value after `" + key + "`", "nothing");
    if (key == "command" && item.kind != PaperItem::Kind::statement) {
      words_of(rest, place);
      item.commands.push_back(rest);
    } else if (key == "printed") {
      only(PaperItem::Kind::number);
      item.printed = rest;
      for (const auto& [sign, sense] :
           {std::pair("<=", PaperItem::Sense::at_most), std::pair(">=", PaperItem::Sense::at_least)})
        if (rest.rfind(sign, 0) == 0) {
          item.printed = trimmed(rest.substr(2));
          item.sense = sense;
        }
      if (is_number(item.printed)) {
        rational_from_text(item.printed, place);
        last_digit(item.printed.substr(0, item.printed.find('/')));
      } else if (item.sense != PaperItem::Sense::rounded || item.printed.find(' ') != std::string::npos) {
        throw InputError(place, "a number or one word", "'" + rest + "'");
      }
    } else if (key == "field") {
      only(PaperItem::Kind::number);
      std::istringstream pointers(rest);
      for (std::string pointer; pointers >> pointer;) {
        if (pointer.front() != '/')
          throw InputError(place, "a JSON pointer such as /error", "'" + pointer + "'");
        item.fields.push_back(pointer);
      }
      if (item.fields.size() > 2)
        throw InputError(place, "one pointer, or the two ends of an enclosure", rest);
    } else if (key == "file") {
      only(PaperItem::Kind::figure);
      if (fs::path(rest).is_absolute() || rest.find("..") != std::string::npos)
        throw InputError(place, "a path that the command writes, relative and without ..", "'" + rest + "'");
      item.file = rest;
    } else if (key == "sha256") {
      only(PaperItem::Kind::figure);
      if (rest.size() != 64 || rest.find_first_not_of("0123456789abcdef") != std::string::npos)
        throw InputError(place, "64 hexadecimal digits in lower case", "'" + rest + "'");
      item.sha256 = rest;
    } else if (key == "claim" || key == "card") {
      only(PaperItem::Kind::statement);
      (key == "claim" ? item.claim : item.card) = rest;
    } else {
      throw InputError(place, "printed, command, field, file, sha256, claim or card", "'" + key + "'");
    }
  }
  if (claims.items.empty()) throw InputError(file, "at least one number, figure or statement", "none");
  complete(claims.items.back());
  return claims;
}

Verdict is_rounding_of(const std::string& printed, PaperItem::Sense sense, const Rational& lower,
                       const Rational& upper, const std::string& place) {
  const Rational value = rational_from_text(printed, place);
  const auto decided = [](bool surely, bool surely_not) {
    return surely ? Verdict::verified : surely_not ? Verdict::refuted : Verdict::undecided;
  };
  if (sense == PaperItem::Sense::at_most) return decided(upper <= value, lower > value);
  if (sense == PaperItem::Sense::at_least) return decided(lower >= value, upper < value);
  if (printed.find('/') != std::string::npos)
    return decided(lower == value && upper == value, upper < value || lower > value);
  const Rational half = last_digit(printed) / 2;
  return decided(value - half <= lower && upper <= value + half,
                 upper < value - half || lower > value + half);
}

Verdict PaperReview::verdict() const {
  Verdict worst = Verdict::verified;
  for (const PaperAnswer& a : answers)
    if (a.item.kind == PaperItem::Kind::statement && a.basis == Basis::open) continue;  // claims nothing
    else if (a.verdict == Verdict::refuted) return Verdict::refuted;
    else if (a.verdict == Verdict::undecided) worst = Verdict::undecided;
  return worst;
}

PaperReview review_paper(const PaperClaims& claims, const fs::path& file, const RunCommand& run,
                         const StandingOfClaim& standing) {
  PaperReview review{claims.title, sha256(read_file(file)), {}};
  const TemporaryFolder scratch;
  const fs::path home = fs::absolute(file).parent_path();
  for (const fs::directory_entry& entry : fs::directory_iterator(home))
    fs::create_symlink(entry.path(), scratch.path / entry.path().filename());
  std::map<std::string, Json> answers;
  const auto answer = [&](const std::string& command, const PaperItem& item) {
    if (const auto known = answers.find(command); known != answers.end()) return known->second;
    std::vector<std::string> words = words_of(command, item.place);
    for (const char* option : {"--json", "--quiet"})
      if (std::find(words.begin(), words.end(), option) == words.end()) words.push_back(option);
    const CommandAnswer said = run(words, scratch.path);
    Json json = Json::parse(said.output, nullptr, false);
    if (said.status == 2 || !json.is_object())
      throw InputError(item.place, "a command that answers: " + command,
                       "exit status " + std::to_string(said.status) + ", " + trimmed(said.errors));
    answers[command] = json;
    return json;
  };
  for (const PaperItem& item : claims.items) {
    PaperAnswer result{item, "", Basis::open, Verdict::undecided};
    Json last;
    for (const std::string& command : item.commands) last = answer(command, item);
    if (item.kind == PaperItem::Kind::number) {
      const std::string subcommand = words_of(item.commands.back(), item.place).front();
      std::vector<Json> values;
      for (const std::string& field : item.fields) {
        values.push_back(value_at(last, field, item.place));
        result.basis = std::max(values.size() == 1 ? Basis::proved : result.basis,
                                basis_of(subcommand, last, field, item.place, standing));
      }
      std::optional<Ends> ends = ends_of(values.front(), item.place);
      if (values.size() == 2) {
        const std::optional<Ends> other = ends_of(values.back(), item.place);
        if (!ends || !other) throw InputError(item.place, "two numbers", "a word");
        ends = Ends{std::min(ends->lower, other->lower), std::max(ends->upper, other->upper)};
      }
      if (is_number(item.printed) && ends) {
        result.derived = shown(*ends);
        result.verdict = is_rounding_of(item.printed, item.sense, ends->lower, ends->upper, item.place);
      } else {
        result.derived =
            values.front().is_string() ? values.front().get<std::string>() : values.front().dump();
        result.verdict = result.derived == item.printed ? Verdict::verified : Verdict::refuted;
      }
    } else if (item.kind == PaperItem::Kind::figure) {
      const fs::path made = scratch.path / item.file;
      std::error_code error;
      if (!fs::is_regular_file(made, error))
        throw InputError(item.place, "a file that the command writes", "no '" + item.file + "'");
      const std::string hash = sha256(read_file(made));
      result.basis = Basis::checked;
      result.verdict = hash == item.sha256 ? Verdict::verified : Verdict::refuted;
      result.derived = hash == item.sha256 ? "the same bytes" : "sha256 " + hash;
    } else if (!item.claim.empty() || !item.card.empty()) {
      const Json entry = answer(item.claim.empty() ? "verify --card '" + item.card + "'"
                                                   : "verify --claim '" + item.claim + "'",
                                item)
                             .at("claims")
                             .at(0);
      const std::string verdict = entry.at("verdict").get<std::string>();
      result.verdict = verdict == "refuted" || !entry.value("twin_refuted", false) ? Verdict::refuted
                       : verdict == "verified" || verdict == "statistical"         ? Verdict::verified
                                                                                   : Verdict::undecided;
      result.basis = item.claim.empty()
                         ? (entry.value("coverage", "") == "every instance" ? Basis::proved : Basis::checked)
                         : basis_named(standing(item.claim));
      result.derived = fmt::format("{} on {} instances", verdict, entry.at("instances").get<long>());
    } else {
      result.derived = "nothing was given to check it by";
    }
    review.answers.push_back(std::move(result));
  }
  return review;
}

namespace {

std::string printed_of(const PaperItem& item) {
  const char* sign = item.sense == PaperItem::Sense::at_most    ? "<= "
                     : item.sense == PaperItem::Sense::at_least ? ">= "
                                                                : "";
  switch (item.kind) {
    case PaperItem::Kind::number:
      return sign + item.printed;
    case PaperItem::Kind::figure:
      return item.file;
    case PaperItem::Kind::statement:
      return item.claim.empty() ? item.card : item.claim;
  }
  return "";
}
const char* word_of(const PaperAnswer& a) {
  if (a.item.kind == PaperItem::Kind::statement && a.basis == Basis::open && a.item.claim.empty())
    return "open";
  return a.verdict == Verdict::verified  ? "agrees"
         : a.verdict == Verdict::refuted ? "DOES NOT AGREE"
                                         : "undecided";
}

/// "5 items: 5 agree. Proved 3, checked 1, statistical 0, open 1."
std::string counts(const PaperReview& review) {
  const auto of = [&](auto&& what) {
    return std::count_if(review.answers.begin(), review.answers.end(), what);
  };
  const auto on = [&](Basis b) {
    return of([b](const PaperAnswer& a) { return a.basis == b && a.verdict == Verdict::verified; });
  };
  const auto agree = of([](const PaperAnswer& a) { return a.verdict == Verdict::verified; });
  const auto wrong = of([](const PaperAnswer& a) { return a.verdict == Verdict::refuted; });
  return fmt::format(
      "{} items: {} agree, {} do not, {} undecided or open. Of those that agree: {} proved, {} "
      "checked, {} statistical.",
      review.answers.size(), agree, wrong, static_cast<std::ptrdiff_t>(review.answers.size()) - agree - wrong,
      on(Basis::proved), on(Basis::checked), on(Basis::statistical));
}
std::string command_of(const PaperItem& item) {
  std::string text;
  for (const std::string& c : item.commands)
    text += (text.empty() ? "attnbounds " : "; attnbounds ") +
            (c.rfind("attnbounds ", 0) == 0 ? c.substr(11) : c);
  if (item.kind == PaperItem::Kind::statement && !item.claim.empty())
    text = "attnbounds verify --claim " + item.claim;
  if (item.kind == PaperItem::Kind::statement && !item.card.empty())
    text = "attnbounds verify --card " + item.card;
  return text;
}
constexpr const char* kMeaning =
    "Agrees: the printed decimal is the correct rounding of what the command proves, the word is the same, "
    "the "
    "figure has the same bytes. Proved: by exact arithmetic or enclosures. Checked: decided on instances. "
    "Statistical: estimated in floating point, or sampled. Open: nothing decides it.";

}  // namespace

std::string badge_text(const PaperReview& review) {
  std::string text = review.title.empty() ? "" : review.title + "\n";
  for (const PaperAnswer& a : review.answers)
    text += fmt::format("{:<30.30} {:<14.14} {:<11} {}\n    {}\n", a.item.label, printed_of(a.item),
                        name(a.basis), word_of(a), a.derived);
  return text + counts(review) + "\n";
}

std::string badge_markdown(const PaperReview& review) {
  std::string text =
      "# " + markdown_escaped(review.title.empty() ? "A paper's numbers" : review.title) + "\n\n**" +
      markdown_escaped(counts(review)) +
      "**\n\n| item | printed | derived | basis | | command |\n| :-- | :-- | :-- | :-- | :-- | :-- |\n";
  for (const PaperAnswer& a : review.answers) {
    text += "|";
    for (const std::string& cell : {a.item.label, printed_of(a.item), a.derived, std::string(name(a.basis)),
                                    std::string(word_of(a)), command_of(a.item)})
      text += " " + markdown_escaped(cell) + " |";
    text += "\n";
  }
  return text + "\n" + kMeaning + "\n\nattnbounds " ATTNBOUNDS_VERSION ", claims file SHA-256 `" +
         review.claims_hash + "`.\n";
}

std::string badge_html(const PaperReview& review) {
  std::string table =
      "<div class=\"scroll\"><table "
      "class=\"heads\">\n<thead><tr><th>item</th><th>printed</th><th>derived</th>"
      "<th>basis</th><th></th></tr></thead>\n<tbody>\n";
  for (const PaperAnswer& a : review.answers) {
    table += "<tr><td>" + html_escaped(a.item.label) + "<br><code>" + html_escaped(command_of(a.item)) +
             "</code></td>";
    for (const std::string& cell : {printed_of(a.item), a.derived, std::string(name(a.basis))})
      table += "<td>" + html_escaped(cell) + "</td>";
    table += std::string("<td><span class=\"verdict ") + name(a.verdict) + "\">" + word_of(a) +
             "</span></td></tr>\n";
  }
  return figure_page(review.title.empty() ? "A paper's numbers" : review.title,
                     "<p class=\"summary\">" + html_escaped(counts(review)) + "</p>\n" + table +
                         "</tbody>\n</table></div>\n",
                     std::string(kMeaning) + " attnbounds " ATTNBOUNDS_VERSION ", claims file SHA-256 " +
                         review.claims_hash + ".");
}

std::string badge_latex(const PaperReview& review) {
  std::string text =
      "% attnbounds verify --paper-claims: \\input anywhere in an article; needs no package.\n"
      "\\begingroup\\small\\sloppy\\noindent\\textbf{" +
      latex_escaped(counts(review)) +
      "}\n\\begin{list}{}{\\setlength{\\leftmargin}{1em}\\setlength{\\itemsep}{0pt}}\n";
  for (const PaperAnswer& a : review.answers)
    text += "\\item \\textit{" + latex_escaped(a.item.label) + "}: " + latex_escaped(printed_of(a.item)) +
            "; " + latex_escaped(a.derived) + "; " + name(a.basis) + ", \\textbf{" +
            latex_escaped(word_of(a)) + "}.\n";
  return text + "\\end{list}\n" + latex_escaped(kMeaning) + "\\par\\endgroup\n";
}

Json review_json(const PaperReview& review) {
  Json j = {
      {"paper", review.title}, {"verdict", name(review.verdict())}, {"claims_sha256", review.claims_hash}};
  j["items"] = Json::array();
  for (const PaperAnswer& a : review.answers)
    j["items"].push_back({{"item", a.item.label},
                          {"printed", printed_of(a.item)},
                          {"derived", a.derived},
                          {"basis", name(a.basis)},
                          {"verdict", name(a.verdict)},
                          {"command", command_of(a.item)}});
  return j;
}

}  // namespace attnbounds
