#include "log.hpp"

#include <cstdio>
#include <deque>
#include <mutex>

#include "llama.h"

namespace harness {
namespace {

// Enough for a reason; a broken model can log without end.
constexpr size_t errors_kept = 4;

// llama.cpp logs from the threads that load a model, too.
std::mutex errors_mutex;
std::deque<std::string> errors;

// Lines come in pieces; a piece without a level goes on with the one before. That level by its
// number, because not all generations of the headers have its name.
constexpr int level_continued = 5;
bool last_was_debug = false;

void trim_end(std::string & text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) {
        text.pop_back();
    }
}

void on_log(enum ggml_log_level level, const char * text, void *) {
    if (static_cast<int>(level) != level_continued) {
        last_was_debug = level == GGML_LOG_LEVEL_DEBUG;
    }
    // Hundreds of lines a model; a reader wants the last ones, which say what went wrong.
    if (last_was_debug) {
        return;
    }
    std::fputs(text, stderr);
    if (level != GGML_LOG_LEVEL_ERROR) {
        return;
    }
    std::string line = text;
    trim_end(line);
    if (line.empty()) {
        return;
    }
    const std::lock_guard<std::mutex> lock(errors_mutex);
    errors.push_back(line);
    if (errors.size() > errors_kept) {
        errors.pop_front();
    }
}

}  // namespace

void install_log() { llama_log_set(on_log, nullptr); }

void forget_errors() {
    const std::lock_guard<std::mutex> lock(errors_mutex);
    errors.clear();
}

std::string take_last_errors(const std::string & otherwise) {
    const std::lock_guard<std::mutex> lock(errors_mutex);
    std::string joined;
    for (const std::string & line : errors) {
        joined += joined.empty() ? line : "; " + line;
    }
    errors.clear();
    return joined.empty() ? otherwise : joined;
}

}  // namespace harness
