// The page in a real browser (Debian's chromium, headless; skipped where it is missing): it sorts, unfolds,
// renders the statements, fits a phone, prints, and says nothing on the console.
#include <fstream>

#include "catch.hpp"
#include "cli/program.hpp"
#include "report/report.hpp"

using namespace attnbounds;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// Runs before and after the page's own script and leaves its findings, as text, in <html data-found>.
constexpr const char* kWatch =
    "<script>window.errors = []; addEventListener('error', e => errors.push(e.message));"
    "addEventListener('securitypolicyviolation', e => errors.push('fetch of ' + e.blockedURI));</script>";
constexpr const char* kAsserts = R"js(<script>
const found = [], say = (name, good) => found.push(name + ': ' + (good ? 'yes' : 'NO'));
const rows = () => [...document.querySelectorAll('.claims tbody')];
const column = i => rows().map(b => b.rows[0].cells[i].dataset.key);
const heads = [...document.querySelectorAll('.claims th button')];
for (const [i, button] of heads.entries()) {
  const sorted = (list, sign) => list.every((x, k) => k === 0 || sign * (isNaN(x - list[k-1]) ? (x < list[k-1] ? -1 : x > list[k-1] ? 1 : 0) : x - list[k-1]) >= 0);
  button.click();
  say('column ' + i + ' sorts up', sorted(column(i), 1) && button.parentNode.getAttribute('aria-sort') === 'ascending');
  button.click();
  say('column ' + i + ' sorts down', sorted(column(i), -1) && button.parentNode.getAttribute('aria-sort') === 'descending');
}
say('a claim a body', rows().length === 5);
const details = [...document.querySelectorAll('details')];
say('closed at first', details.every(d => !d.open));
for (const d of details) d.querySelector('summary').click();
say('unfold by a click', details.every(d => d.open));
say('statement, hypotheses, twin, command in each', details.every(d => d.querySelector('summary').textContent.trim() &&
  d.textContent.includes('hypotheses') && d.textContent.includes('False twin') && d.textContent.includes('attnbounds verify')));
const math = document.querySelector('summary math');
say('mathematics has a size', math && math.getBoundingClientRect().width > 20 && math.getBoundingClientRect().height > 8);
say('fractions are taller than letters', document.querySelector('mfrac').getBoundingClientRect().height > 1.3 * document.querySelector('summary math mi').getBoundingClientRect().height);
say('ids are readable', rows().every(b => b.rows[0].cells[0].getBoundingClientRect().width > 180));
say('the certificate is linked', !!document.querySelector('details a[href="certificates/claims/sharp.json"]'));
say('figures are drawn', [...document.querySelectorAll('figure svg')].every(s => s.getBoundingClientRect().height > 50) && document.querySelectorAll('figure svg').length > 0);
const wide = [...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.scroll') && !e.closest('math') && !e.closest('pre') && !e.closest('svg'));
say('no sideways scrolling ' + wide.map(e => e.tagName + '.' + e.className + ' ' + e.textContent.slice(0, 30)).slice(0, 4).join(','), document.documentElement.scrollWidth <= innerWidth);
dispatchEvent(new Event('beforeprint'));
say('all unfolded for printing', document.querySelectorAll('details:not([open])').length === 0);
dispatchEvent(new Event('afterprint'));
document.documentElement.dataset.found = found.join('; ') + '; errors: ' + errors.length + ' ' + errors.join(', ') + '; width ' + innerWidth;
</script>)js";

struct Browser {
  TemporaryFolder folder;
  fs::path page = folder.path / "page.html", phone = folder.path / "phone.html";
  std::string said, console;

  Browser() {
    const fs::path run = folder.path / "run";
    fs::copy(ATTNBOUNDS_SOURCE_DIR "/tests/data/run", run);
    std::string claims = contents(run / "claims.jsonl");
    const std::string id = R"("id": "example-2026/sharp")", other = R"("id":"example-2026/sharp")";
    for (const std::string& key : {id, other})
      if (const auto at = claims.find(key); at != std::string::npos) {
        claims.insert(at, R"("latex":"$\\max_i |x_i| \\le \\frac{1}{1-\\delta}\\,\\|V\\|_\\infty$",)");
        break;
      }
    std::ofstream(run / "claims.jsonl") << claims;
    std::ofstream(run / "certificates.jsonl")
        << R"({"subject":"claim","name":"example-2026/sharp","files":["claims/sharp.json"],"directory":"certificates","verdict":"verified","reason":""})"
        << "\n";
    write_report(run, {ReportFormat::html});
    std::string html = contents(run / "report.html");
    html.insert(html.find("<style>"), kWatch);
    html.insert(html.find("</body>"), kAsserts);
    std::ofstream(page) << html;
    // A window is never narrower than 500 pixels in this browser; a frame in it is as narrow as it says.
    std::string escaped;
    for (const char c : html) escaped += c == '&' ? "&amp;" : c == '"' ? "&quot;" : std::string(1, c);
    std::ofstream(phone)
        << "<!doctype html><html><body style=\"margin:0\"><iframe "
           "style=\"width:390px;height:844px;border:0\" srcdoc=\""
        << escaped
        << "\"></iframe><script>onload = () => { document.documentElement.dataset.found = "
           "document.querySelector('iframe').contentDocument.documentElement.dataset.found; };"
           "</script></body></html>";
  }
  void open(const std::string& options) { open(options, page); }
  void open(const std::string& options, const fs::path& file) {
    const std::string out = (folder.path / "out").string(), err = (folder.path / "err").string();
    const std::string command =
        "HOME='" + folder.path.string() +
        "' timeout 60 chromium --headless --no-sandbox --disable-gpu --hide-scrollbars "
        "--enable-logging=stderr --user-data-dir='" +
        (folder.path / "profile").string() + "' " + options + " 'file://" + file.string() + "' >" + out +
        " 2>" + err;
    std::system(command.c_str());
    said = contents(out);
    console = contents(err);
  }
};

bool no_browser() { return std::system("command -v chromium >/dev/null 2>&1") != 0; }

std::string found_in(const std::string& dom) {
  const std::string key = "data-found=\"";
  const auto at = dom.find(key);
  return at == std::string::npos
             ? "no findings"
             : dom.substr(at + key.size(), dom.find('"', at + key.size()) - at - key.size());
}

}  // namespace

TEST_CASE("in a browser the page sorts, unfolds, renders the statements and prints, without an error") {
  if (no_browser()) return;
  Browser browser;
  for (const auto& [file, width] :
       {std::pair(browser.page, "width 1200"), std::pair(browser.phone, "width 390")}) {
    browser.open("--dump-dom --window-size=1200,900", file);
    const std::string found = found_in(browser.said);
    INFO(found);
    CHECK(has(found, width));
    CHECK(has(found, "column 7 sorts down: yes"));
    CHECK_FALSE(has(found, ": NO"));
    CHECK(has(found, "errors: 0 "));
    CHECK_FALSE(has(browser.console, "CONSOLE"));
  }
  browser.open("--no-pdf-header-footer --print-to-pdf='" + (browser.folder.path / "page.pdf").string() + "'");
  CHECK(contents(browser.folder.path / "page.pdf").rfind("%PDF", 0) == 0);
}
