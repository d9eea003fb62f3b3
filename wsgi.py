from pangolin.app import create_app
from pangolin.settings import Settings
from pangolin.web.http.logs import configure, warn_unknown_variables

settings = Settings.from_environ()
configure(settings)
warn_unknown_variables()
app = create_app(settings)
