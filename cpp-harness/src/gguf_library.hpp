// The library's own reader of GGUF, where it bears malformed files and tells sizes.
#pragma once

#include <memory>
#include <string>

#include "gguf.h"

namespace harness {

struct gguf_deleter {
    void operator()(gguf_context * context) const { gguf_free(context); }
};
using gguf_ptr = std::unique_ptr<gguf_context, gguf_deleter>;

// Never null: throws a failure with exit_code::bad_input when the library refuses the file.
gguf_ptr read_by_library(const std::string & path);

}  // namespace harness
