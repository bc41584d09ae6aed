// Debian ships Boost.JSON as headers; the clients' copy of its definitions is compiled here, once.
#include <boost/json/src.hpp>
